import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../../test/memory-connection.ts";
import { keepForTest } from "../../../../test/keep.ts";
import type { ApiRequest, Connection } from "../../../api/index.ts";
import { settle } from "../../../tunnel/far-end.test-d.ts";
import { arn, scene, type Scene } from "./scene.test-d.ts";

const keep = keepForTest();
const opening = async (...wishes: Parameters<typeof scene>): Promise<Scene> => keep(await scene(...wishes));

/** A list and then events, each watch as long as the test says. */
const cluster = (
  list: readonly object[],
): {
  readonly connection: Connection;
  readonly asked: ApiRequest[];
  readonly send: (type: string, object: object) => void;
  readonly fail: () => void;
} => {
  const asked: ApiRequest[] = [];
  let wake: () => void = () => undefined;
  const queue: (object | Error)[] = [];
  const put = (item: object | Error): void => {
    queue.push(item);
    wake();
  };
  return {
    asked,
    send: (type, object) => put({ type, object }),
    fail: () => put(new Error("broken")),
    connection: memoryConnection({
      request: (request) => {
        asked.push(request);
        return Promise.resolve({
          status: 200,
          headers: [],
          body: { metadata: { resourceVersion: "1" }, items: list },
        });
      },
      stream: async function* (request) {
        for (;;) {
          const next = queue.shift();
          if (next instanceof Error) throw next;
          if (next !== undefined) yield next;
          else
            await new Promise<void>((resolve, reject) => {
              wake = resolve;
              request.signal?.addEventListener("abort", () => reject(new Error("stopped")));
            });
        }
      },
    }),
  };
};

describe("EKSConfigMap (iam.md §3.7)", () => {
  const map = (user: string, name = "aws-auth"): object => ({
    metadata: { name, namespace: "kube-system", resourceVersion: "2" },
    data: { mapRoles: `- rolearn: ${arn("C")}\n  username: ${user}\n` },
  });

  test("is listed, followed, replaced, and cleared when it is deleted", async () => {
    const { connection, send, asked } = cluster([map("1")]);
    const { who } = await opening(["EKSConfigMap"], { connection });
    const seen = [await who("C")];
    for (const [type, object] of [
      ["MODIFIED", map("2")],
      ["MODIFIED", map("3", "another")],
      ["DELETED", map("2")],
      ["ADDED", map("4")],
    ] as const) {
      send(type, object);
      await settle();
      seen.push(await who("C"));
    }
    expect(seen).toEqual(["1", "2", "2", "-", "4"]);
    expect(asked).toMatchObject([
      {
        path: "/api/v1/namespaces/kube-system/configmaps",
        query: { fieldSelector: "metadata.name=aws-auth" },
      },
    ]);
  });

  test("with a section that is no YAML stays as it was, and locks nobody out", async () => {
    const { connection, send } = cluster([map("1")]);
    const { who, live } = await opening(["EKSConfigMap"], { connection });
    const broken = { ...map("2"), data: { mapRoles: "- rolearn: [\n", mapUsers: "[]" } };
    send("MODIFIED", broken);
    await settle();
    expect([await who("C"), live.states()[0]?.fault]).toEqual([
      "1",
      expect.stringMatching(/^Cannot read mapRoles: line/),
    ]);
    send("MODIFIED", map("3"));
    await settle();
    expect([await who("C"), live.states()[0]?.fault]).toEqual(["3", undefined]);
  });

  test("that is broken at the start counts as far as it can be read", async () => {
    const broken = {
      ...map("1"),
      data: { mapUsers: "- [", mapRoles: `- {rolearn: "${arn("C")}", username: a}` },
    };
    const { who } = await opening(["EKSConfigMap"], { connection: cluster([broken]).connection });
    expect(await who("C")).toBe("a");
  });

  test("that is not there maps nobody, and that is an answer", async () => {
    const { live } = await opening(["EKSConfigMap"], { connection: cluster([]).connection });
    expect(live.states()).toEqual([{ name: "EKSConfigMap", read: true, fault: undefined }]);
  });

  test("stays as it was while the API server cannot be asked", async () => {
    const { connection, fail } = cluster([map("1")]);
    const { who, live, time } = await opening(["EKSConfigMap"], { connection });
    fail();
    await settle();
    expect([await who("C"), live.states()[0]?.fault]).toEqual(["1", "broken"]);
    await time.advance(6_000);
    expect(live.states()[0]?.fault).toBeUndefined();
  });

  test("is not read before it was listed", async () => {
    const connection = memoryConnection({
      request: async ({ signal }) =>
        await new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("stopped")));
        }),
    });
    const { live } = await opening(["EKSConfigMap"], { connection });
    expect(live.states()).toEqual([{ name: "EKSConfigMap", read: false, fault: undefined }]);
  });
});

describe("CRD", () => {
  const mapping = (name: string, role: string, username = name): object => ({
    metadata: { name, resourceVersion: "2" },
    spec: { arn: arn(role), username, groups: [] },
  });

  test("each object is an entry; what is wrong hides nobody else", async () => {
    const bad = { metadata: { name: "bad" }, spec: { arn: 7 } };
    const { connection, send } = cluster([mapping("x", "X"), bad]);
    const { who, events } = await opening(["CRD"], { connection });
    expect(await who("X")).toBe("x");
    expect(events).toMatchObject([
      { kind: "loaded", entries: 1, warnings: [expect.stringContaining('"bad"')] },
    ]);
    send("ADDED", mapping("y", "Y"));
    send("DELETED", mapping("x", "X"));
    await settle();
    expect([await who("X"), await who("Y")]).toEqual(["-", "y"]);
  });

  test("of two for one ARN the same counts in whatever order they come", async () => {
    const { connection, send } = cluster([mapping("b", "X")]);
    const { who } = await opening(["CRD"], { connection });
    send("ADDED", mapping("a", "X"));
    await settle();
    expect(await who("X")).toBe("b");
  });

  test("that two are for one ARN is told", async () => {
    const { events } = await opening(["CRD"], {
      connection: cluster([mapping("b", "X"), mapping("a", "X")]).connection,
    });
    expect(events).toMatchObject([
      {
        warnings: ['IAMIdentityMapping "b" takes the place of IAMIdentityMapping "a": both are for the same'],
      },
    ]);
  });

  test("statuses are written where that is wished for, and change nobody", async () => {
    const { connection, send, asked } = cluster([mapping("x", "X"), mapping("y", "Y")]);
    const { who, events } = await opening(["CRD"], { connection, writeStatus: true });
    const written = asked.filter(({ method }) => method === "PUT");
    expect(written.map(({ path }) => path.split("/").slice(-2).join("/"))).toEqual(["x/status", "y/status"]);
    const status = { canonicalARN: arn("x") };
    send("MODIFIED", { ...mapping("x", "X"), status });
    await settle();
    expect(asked.filter(({ method }) => method === "PUT")).toHaveLength(2);
    // Nothing is read anew for it.
    expect(events.map(({ kind }) => kind)).toEqual(["loaded"]);
    send("MODIFIED", { ...mapping("x", "Z"), status });
    await settle();
    expect([await who("X"), await who("Z"), events.length]).toEqual(["-", "x", 2]);
    expect(asked.at(-1)).toMatchObject({ method: "PUT", body: { status: { canonicalARN: arn("z") } } });
  });

  test("statuses that cannot be written lock nobody out", async () => {
    const { connection: reading } = cluster([mapping("x", "X")]);
    const connection: Connection = {
      ...reading,
      request: async (request) =>
        request.method === "PUT" ? { status: 403, headers: [], body: {} } : await reading.request(request),
    };
    const { who, live, events } = await opening(["CRD"], { connection, writeStatus: true });
    expect(events.map(({ kind }) => kind)).toEqual(["loaded", "unwritten"]);
    expect([await who("X"), live.states()]).toEqual(["x", [{ name: "CRD", read: true, fault: undefined }]]);
  });

  test("nothing is written unasked", async () => {
    const { connection, asked } = cluster([mapping("x", "X")]);
    await opening(["CRD"], { connection });
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("stands beside a file", async () => {
    const { connection } = cluster([mapping("x", "X")]);
    const { who } = await opening(["MountedFile", "CRD"], { connection });
    expect([await who("A"), await who("X")]).toEqual(["a", "x"]);
  });
});
