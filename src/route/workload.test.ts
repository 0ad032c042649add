import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../test/memory-connection.ts";
import { podJson, type PodWishes } from "../../test/kubernetes.ts";
import { statusOf } from "../demo/answer.ts";
import { parseTarget } from "./parse.ts";
import { resolveBackend } from "./resolve.ts";
import type { Backend } from "./types.ts";

const owned = (kind: string, uid: string): PodWishes => ({
  ownerReferences: [{ kind, name: "web", uid, controller: true }],
});

interface World {
  readonly selector?: object;
  readonly status?: number;
  readonly pods?: Readonly<Record<string, PodWishes>>;
  readonly chance?: number;
}

/** Resolves in a cluster that has one such object, `web`; also gives the paths that were asked for. */
const resolve = async (
  target: string,
  world: World,
): Promise<{ readonly asked: string[]; readonly backend: Backend }> => {
  const asked: string[] = [];
  const backend = await resolveBackend({
    connection: memoryConnection({
      request: ({ path, query }) => {
        asked.push(`${path}${query?.["labelSelector"] === undefined ? "" : ` ${query["labelSelector"]}`}`);
        const answer = (status: number, body: unknown) => Promise.resolve({ status, headers: [], body });
        if (path.endsWith("/pods"))
          return answer(200, {
            items: Object.entries(world.pods ?? {}).map(([name, wishes]) => podJson(name, wishes)),
          });
        if (world.status !== undefined) return answer(world.status, statusOf(world.status, "no"));
        const selector = world.selector ?? { matchLabels: { app: "web" } };
        return answer(200, { metadata: { name: "web", uid: "own" }, spec: { selector } });
      },
    }),
    namespace: "apps",
    reference: parseTarget(target),
    random: () => world.chance ?? 0,
  });
  return { asked, backend };
};

describe("a workload leads to its ready pods", () => {
  test.each([
    ["deploy/web", "deployments", "ReplicaSet"],
    ["sts/web", "statefulsets", "StatefulSet"],
    ["rs/web", "replicasets", "ReplicaSet"],
  ])("%s", async (target, resource, owner) => {
    const { asked, backend } = await resolve(target, { pods: { "web-1": owned(owner, "own") } });
    expect(asked).toEqual([
      `/apis/apps/v1/namespaces/apps/${resource}/web`,
      "/api/v1/namespaces/apps/pods app=web",
    ]);
    expect(backend).toMatchObject({ pod: "web-1", port: 8080, scheme: "http" });
  });

  test.each([
    [{ matchLabels: { a: "1", b: "2" } }, "a=1,b=2"],
    [{ matchExpressions: [{ key: "a", operator: "In", values: ["x", "y"] }] }, "a in (x,y)"],
    [{ matchExpressions: [{ key: "a", operator: "NotIn", values: ["x"] }] }, "a notin (x)"],
    [
      {
        matchLabels: { a: "1" },
        matchExpressions: [
          { key: "b", operator: "Exists" },
          { key: "c", operator: "DoesNotExist" },
        ],
      },
      "a=1,b,!c",
    ],
  ])("its selector %j is sent as the API server reads it", async (selector, text) => {
    const { asked } = await resolve("deploy/web", { selector, pods: { w: owned("ReplicaSet", "x") } });
    expect(asked[1]).toBe(`/api/v1/namespaces/apps/pods ${text}`);
  });

  test.each([0, 0.5, 0.99])("chance %d chooses among the ready ones only", async (chance) => {
    const pods = {
      gone: { ...owned("ReplicaSet", "x"), deleted: true },
      unready: { ...owned("ReplicaSet", "x"), ready: "False" as const },
      good: owned("ReplicaSet", "x"),
    };
    expect((await resolve("deploy/web", { pods, chance })).backend.pod).toBe("good");
  });

  test("a pod that only wears its labels is none of its", async () => {
    for (const [target, wishes] of [
      ["deploy/web", {}],
      ["deploy/web", owned("Job", "own")],
      ["sts/web", owned("StatefulSet", "other")],
      ["rs/web", owned("ReplicaSet", "other")],
    ] as const)
      await expect(resolve(target, { pods: { evil: wishes } })).rejects.toMatchObject({
        code: "NO_READY_POD",
      });
  });

  test.each([
    ["deploy/web:9090", 9090],
    ["deploy/web:http", 8080],
  ])("%s names the port", async (target, port) => {
    const { backend } = await resolve(target, { pods: { w: owned("ReplicaSet", "x") } });
    expect(backend.port).toBe(port);
  });
});

describe("it is refused", () => {
  const two = {
    ...owned("ReplicaSet", "x"),
    spec: { containers: [{ name: "a", ports: [{ containerPort: 1 }, { containerPort: 2, name: "b" }] }] },
  };

  test.each<[string, World, string, RegExp]>([
    ["an empty selector", { selector: {} }, "SERVICE_WITHOUT_PODS", /no selector/],
    [
      "an operator from the future",
      { selector: { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] } },
      "SERVICE_WITHOUT_PODS",
      /"Gt"/,
    ],
    ["nothing of that name", { status: 404 }, "NOT_FOUND", /web/],
    ["no pod", {}, "NO_READY_POD", /Deployment "web"/],
    ["more than one port", { pods: { w: two } }, "PORT_AMBIGUOUS", /1, 2 \(b\)/],
  ])("for %s", async (_name, world, code, message) => {
    await expect(resolve("deploy/web", world)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test("for a right that is missing, with its name and the way without it", async () => {
    await expect(resolve("deploy/web", { status: 403 })).rejects.toMatchObject({
      code: "FORBIDDEN",
      hint: expect.stringMatching(/get.*deployments[\s\S]*svc\/NAME -n apps/) as string,
    });
  });

  test("for a port that is not named, with a line that names it", async () => {
    await expect(resolve("deploy/web", { pods: { w: two } })).rejects.toMatchObject({
      hint: expect.stringContaining("deploy/web:1") as string,
    });
  });
});
