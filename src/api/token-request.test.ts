import { describe, expect, test } from "vitest";
import { statusOf } from "../demo/answer.ts";
import { memoryConnection } from "../../test/memory-connection.ts";
import { requestToken } from "./token-request.ts";
import type { ApiRequest } from "./types.ts";

const ACCOUNT = { namespace: "apps", name: "viewer" };

const ask = async (status: number, body: unknown) => {
  const asked: ApiRequest[] = [];
  const connection = memoryConnection({
    request: (request) => {
      asked.push(request);
      return Promise.resolve({ status, headers: [], body });
    },
  });
  const answer = await requestToken(connection, ACCOUNT).then(
    ({ token, life }) => ({ token: token.reveal(), life }),
    (error: unknown) => error,
  );
  return { asked, answer };
};

const issued = (token: unknown, expirationSeconds?: unknown): unknown => ({
  spec: { expirationSeconds },
  status: { token, expirationTimestamp: "2026-11-26T00:00:00Z" },
});

describe("a token of a ServiceAccount", () => {
  test("ten minutes are asked for, for the API server alone", async () => {
    const { asked, answer } = await ask(201, issued("a.b.c", 600));
    expect(answer).toEqual({ token: "a.b.c", life: 600 });
    expect(asked).toEqual([
      {
        method: "POST",
        path: "/api/v1/namespaces/apps/serviceaccounts/viewer/token",
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { expirationSeconds: 600 },
        },
      },
    ]);
  });

  test("what is granted counts, and ten minutes where nothing is said", async () => {
    expect((await ask(201, issued("t", 3607))).answer).toEqual({ token: "t", life: 3607 });
    expect((await ask(201, { status: { token: "t" } })).answer).toEqual({ token: "t", life: 600 });
  });

  test("a missing right is named", async () => {
    const { answer } = await ask(403, statusOf(403, 'serviceaccounts "viewer" is forbidden'));
    expect(answer).toMatchObject({
      code: "FORBIDDEN",
      right: { verb: "create", resource: "serviceaccounts/token", namespace: "apps" },
      message: expect.stringContaining('create serviceaccounts/token "viewer" in namespace "apps"'),
      hint: expect.stringContaining("kubectl auth can-i create serviceaccounts/token -n apps"),
    });
  });

  test("of an account that is not there it is said where to look", async () => {
    const { answer } = await ask(404, statusOf(404, 'serviceaccounts "viewer" not found'));
    expect(answer).toMatchObject({
      message: expect.stringContaining('"viewer"'),
      hint: "See which there are: kubectl get serviceaccounts -n apps",
    });
  });

  test.each([
    ["no such account", 404, statusOf(404, "not found"), "NOT_FOUND"],
    ["nobody is signed in", 401, statusOf(401, "Unauthorized"), "UNAUTHORIZED"],
    ["no token in it", 201, { status: {} }, "API_FAILED"],
    ["a page instead", 200, "<html>", "API_FAILED"],
    ["no text", 201, issued(7, 600), "API_FAILED"],
    ["good for no time", 201, issued("t", 0), "API_FAILED"],
    ["what ends a header", 201, issued("t\r\nX: y", 600), "TOKEN_INVALID"],
  ])("%s", async (_name, status, body, code) => {
    const { answer } = await ask(status, body);
    expect(answer).toMatchObject({ code });
    expect(String(answer)).not.toContain("X: y");
  });
});
