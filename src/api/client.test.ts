import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { connected, json, plainServer, type Served } from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import { getObject, listObjects, resourceFacts, whoAmI } from "./client.ts";
import type { Connection } from "./types.ts";

const keep = keepForTest();

interface Scripted {
  readonly connection: Connection;
  readonly server: Served;
  readonly asked: string[];
}

/** An API server that answers each request from a list; the last answer stays. */
async function scripted(...answers: readonly (readonly [number, unknown])[]): Promise<Scripted> {
  const asked: string[] = [];
  const server = await plainServer((request: IncomingMessage, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [status, body] = answers[Math.min(asked.length, answers.length) - 1] ?? [500, {}];
    json(response, status, body);
  });
  const connection = connected(server.url);
  keep(server);
  keep(connection);
  return { connection, server, asked };
}

const status = (message: string): unknown => ({ kind: "Status", message });
const item = (name: string): unknown => ({ metadata: { name, uid: `uid-${name}` } });

describe("one object", () => {
  test("is asked for by its escaped name", async () => {
    const { connection, asked } = await scripted([200, item("a")]);
    const found = await getObject(connection, "pods", { namespace: "a/b", name: "../secrets?x" });
    expect(found.metadata.uid).toBe("uid-a");
    expect(asked).toEqual(["GET /api/v1/namespaces/a%2Fb/pods/..%2Fsecrets%3Fx"]);
  });

  test.each([
    [401, "UNAUTHORIZED", 'Cannot get services "a" in namespace "apps"'],
    [403, "FORBIDDEN", 'Cannot get services "a" in namespace "apps": you lack the right (403): said'],
    [404, "NOT_FOUND", 'Cannot get services "a" in namespace "apps": said'],
    [302, "API_REDIRECT", "never followed"],
    [201, "API_FAILED", "answered 201"],
    [500, "API_FAILED", "answered 500"],
  ])("with %d is %s", async (code, wanted, text) => {
    const { connection } = await scripted([code, status("said")]);
    const getting = getObject(connection, "services", { namespace: "apps", name: "a" });
    await expect(getting).rejects.toMatchObject({
      code: wanted,
      message: expect.stringContaining(text) as string,
    });
  });

  test.each([
    ["text", "hello"],
    ["a list", []],
    ["a wrong type", { metadata: { name: 12 } }],
    ["null", null],
  ])("that is %s is said to be unreadable", async (_name, body) => {
    const { connection } = await scripted([200, body]);
    await expect(getObject(connection, "pods", { namespace: "apps", name: "a" })).rejects.toMatchObject({
      code: "API_FAILED",
      message: expect.stringContaining('Cannot read pods "a"') as string,
    });
  });
});

describe("a list", () => {
  test("goes on while the server says so, with the same selectors", async () => {
    const page = (names: readonly string[], next: string): readonly [number, unknown] => [
      200,
      { metadata: { resourceVersion: "7", continue: next }, items: names.map(item) },
    ];
    const { connection, asked } = await scripted(page(["a", "b"], "t&1"), page(["c"], ""));
    const { items, resourceVersion } = await listObjects(connection, "endpointslices", {
      namespace: "apps",
      labelSelector: "kubernetes.io/service-name=ui",
    });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c"]);
    expect(resourceVersion).toBe("7");
    const path = "GET /apis/discovery.k8s.io/v1/namespaces/apps/endpointslices?limit=500";
    expect(asked).toEqual([
      `${path}&labelSelector=kubernetes.io%2Fservice-name%3Dui`,
      `${path}&labelSelector=kubernetes.io%2Fservice-name%3Dui&continue=t%261`,
    ]);
  });

  test("without an end is given up", async () => {
    const { connection, asked } = await scripted([200, { metadata: { continue: "more" }, items: [] }]);
    await expect(listObjects(connection, "pods", { namespace: "apps" })).rejects.toMatchObject({
      code: "API_FAILED",
    });
    expect(asked).toHaveLength(20);
  });

  test.each([
    [401, "UNAUTHORIZED"],
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
    [410, "API_EXPIRED"],
    [429, "API_BUSY"],
    [503, "API_FAILED"],
  ])("with %d is %s", async (code, wanted) => {
    const { connection } = await scripted([code, status("said")]);
    await expect(listObjects(connection, "pods", { namespace: "apps" })).rejects.toMatchObject({
      code: wanted,
      message: expect.stringContaining('Cannot list pods in namespace "apps"') as string,
    });
  });
});

test.each([
  ["services", "/api/v1/namespaces/n/services"],
  ["pods", "/api/v1/namespaces/n/pods"],
  ["endpointslices", "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices"],
] as const)("%s are at %s", (name, path) => {
  expect(resourceFacts(name, "n").path).toBe(path);
});

describe("who we are", () => {
  const me = {
    status: { userInfo: { username: "ada", uid: "1", groups: ["devs"], extra: { from: ["a", "b"] } } },
  };

  test.each([
    ["by v1", [[201, me]], 1],
    [
      "by v1beta1 where v1 is missing",
      [
        [404, {}],
        [201, me],
      ],
      2,
    ],
    [
      "by v1alpha1 where nothing newer is there",
      [
        [404, {}],
        [404, {}],
        [201, me],
      ],
      3,
    ],
  ] as const)("%s", async (_name, answers, requests) => {
    const { connection, asked } = await scripted(...answers);
    expect(await whoAmI(connection)).toEqual({
      username: "ada",
      uid: "1",
      groups: ["devs"],
      extra: new Map([["from", ["a", "b"]]]),
    });
    expect(asked).toHaveLength(requests);
    expect(asked[0]).toBe("POST /apis/authentication.k8s.io/v1/selfsubjectreviews");
  });

  test.each([
    ["an old server", 404],
    ["a server that forbids the question", 403],
    ["a broken one", 500],
    ["a redirect", 302],
  ])("is unknown to %s", async (_name, code) => {
    const { connection } = await scripted([code, {}]);
    expect(await whoAmI(connection)).toBeUndefined();
  });

  test("a 401 is an error: nothing else will work either", async () => {
    const { connection } = await scripted([401, {}]);
    await expect(whoAmI(connection)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringMatching(/^Cannot ask the API server who you are: /) as string,
    });
  });

  test("so is a 400, as TLS servers answer plain http with", async () => {
    const { connection } = await scripted([400, "Client sent an HTTP request to an HTTPS server."]);
    await expect(whoAmI(connection)).rejects.toMatchObject({
      code: "API_FAILED",
      message: expect.stringContaining("answered 400: Client sent an HTTP request") as string,
    });
  });

  test("an answer that makes no sense is an error", async () => {
    const { connection } = await scripted([201, { status: {} }]);
    await expect(whoAmI(connection)).rejects.toMatchObject({ code: "API_FAILED" });
  });
});
