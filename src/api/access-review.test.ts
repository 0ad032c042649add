import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { connected, json, plainServer } from "../../test/api-server.ts";
import { mayI } from "./access-review.ts";

const RIGHT = { verb: "create", group: "", resource: "pods", subresource: "portforward" };

/** Asks a server that gives this answer, and resolves to what was asked and what came of it. */
const ask = async (status: number, body: unknown): Promise<{ asked: unknown; may: unknown }> => {
  let text = "";
  await using server = await plainServer((request: IncomingMessage, response) => {
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => json(response, status, body));
  });
  await using connection = connected(server.url);
  const may = await mayI(connection, RIGHT, { namespace: "apps" }).catch((error: unknown) => error);
  return { asked: JSON.parse(text) as unknown, may };
};

test("asks for one right in one namespace", async () => {
  const { asked } = await ask(201, { status: { allowed: true } });
  expect(asked).toEqual({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        namespace: "apps",
        verb: "create",
        group: "",
        resource: "pods",
        subresource: "portforward",
      },
    },
  });
});

test.each([
  { name: "allowed", status: 201, body: { status: { allowed: true } }, may: true },
  { name: "denied", status: 201, body: { status: { allowed: false, denied: true } }, may: false },
  { name: "no opinion", status: 201, body: { status: { reason: "no rule" } }, may: false },
  { name: "an old server's status", status: 200, body: { status: { allowed: true } }, may: true },
])("$name", async ({ status, body, may }) => {
  expect((await ask(status, body)).may).toBe(may);
});

test.each([
  { name: "not signed in", status: 401, body: {}, code: "UNAUTHORIZED" },
  { name: "not even that may be asked", status: 403, body: {}, code: "FORBIDDEN" },
  { name: "nonsense", status: 201, body: { status: { allowed: "yes" } }, code: "API_FAILED" },
  { name: "no review", status: 201, body: [], code: "API_FAILED" },
])("$name is an error", async ({ status, body, code }) => {
  expect((await ask(status, body)).may).toMatchObject({ code });
});
