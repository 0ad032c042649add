import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { peerOf, routeScene, type Scene } from "../../test/route-scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = routeScene();
});
afterEach(async () => {
  await scene.close();
});

describe("the first connection", () => {
  test("is made by `ready`, and none before", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    await scene.pass(60_000);
    expect([scene.cluster.calls, opened.backend]).toEqual([[], undefined]);
    const backend = await opened.ready(scene.stop.signal);
    expect(backend).toMatchObject({ pod: "a", uid: "uid-a", port: 8080 });
    expect(opened.backend).toBe(backend);
    expect(scene.changes).toEqual(["up a"]);
    expect(scene.received.size).toBe(0);
  });

  test("is made by a dial too, and shared by all that come at once", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    const dials = Array.from({ length: 20 }, () => scene.dial(opened));
    await scene.pass(1);
    expect(new Set(dials.map(peerOf))).toEqual(new Set(["uid-a/cri://1#0"]));
    expect(scene.dialled).toEqual(["a"]);
    expect(scene.cluster.calls.filter((call) => call === "get services ui")).toHaveLength(1);
    expect(scene.changes).toEqual(["up a"]);
  });

  test.each<readonly [string, () => void, string]>([
    ["no ready pod", () => scene.ui({ a: { ready: "False" } }), "NO_READY_POD"],
    ["no Service", () => undefined, "NOT_FOUND"],
    ["no right", () => scene.cluster.denied.add("get services"), "FORBIDDEN"],
  ])("with %s is an error of `ready` at once", async (_name, given, code) => {
    given();
    await expect(scene.route().ready(scene.stop.signal)).rejects.toMatchObject({ code });
  });
});

describe("while there is no pod", () => {
  test("a dial waits, and gets the first one that is ready", async () => {
    scene.ui({ a: { ready: "False" } });
    const dialling = scene.dial(scene.route());
    await scene.pass(30_000);
    expect(dialling.result()).toBeUndefined();
    scene.ui({ a: {} });
    await scene.pass(5_000);
    expect(peerOf(dialling)).toBe("uid-a/cri://1#0");
  });

  test("the pauses grow from a tenth of a second to five", async () => {
    scene.ui({ a: { ready: "False" } });
    scene.dial(scene.route());
    const at: number[] = [];
    let known = 0;
    for (let turn = 0; turn < 1600; turn += 1) {
      await scene.time.advance(10);
      const count = scene.cluster.calls.filter((call) => call === "get services ui").length;
      if (count > known) at.push(scene.time.time);
      known = count;
    }
    const pauses = at.slice(1).map((when, index) => when - (at[index] ?? 0));
    // Chance is 0 here, so that each pause is three quarters of what it may be.
    for (const [index, wanted] of [75, 150, 300, 600, 1200, 2400, 3750, 3750].entries())
      expect(Math.abs((pauses[index] ?? 0) - wanted)).toBeLessThanOrEqual(10);
  });

  test("the pauses start over after it was there", async () => {
    scene.ui({ a: { ready: "False" } });
    const opened = scene.route();
    scene.dial(opened);
    await scene.pass(60_000);
    scene.ui({ a: {} });
    await scene.pass(6_000);
    scene.ui({ a: { ready: "False" } });
    await scene.pass(1);
    const dialling = scene.dial(opened);
    await scene.pass(300);
    scene.ui({ a: {} });
    await scene.pass(500);
    expect(peerOf(dialling)).toBe("uid-a/cri://1#0");
  });

  test("a hundred dials ask no more often than one", async () => {
    const asked = async (count: number): Promise<number> => {
      scene = routeScene();
      scene.ui({ a: { ready: "False" } });
      const opened = scene.route();
      for (let turn = 0; turn < count; turn += 1) {
        scene.dial(opened);
        await scene.pass(300);
      }
      await scene.pass(60_000 - 300 * count);
      return scene.cluster.calls.filter((call) => call === "get services ui").length;
    };
    expect(await asked(100)).toBeLessThanOrEqual((await asked(1)) + 1);
  });

  test("a dial ends with its own signal", async () => {
    scene.ui({ a: { ready: "False" } });
    const own = new AbortController();
    const dialling = scene.dial(scene.route(), own.signal);
    await scene.pass(3_000);
    own.abort(new Error("enough"));
    await scene.pass(1);
    expect(dialling.result()).toMatchObject({ message: "enough" });
    const calls = scene.cluster.calls.length;
    await scene.pass(60_000);
    expect(scene.cluster.calls).toHaveLength(calls);
  });
});

describe("what waiting cannot mend is told at once", () => {
  test.each<readonly [string, string, () => void, string]>([
    ["a Service that is not there", "svc/ui", () => undefined, "NOT_FOUND"],
    ["a missing right", "svc/ui", () => scene.cluster.denied.add("get services"), "FORBIDDEN"],
    [
      "a missing right to forward",
      "svc/ui",
      () => (scene.forward = () => ({ kind: "refuse", status: 403, message: "no" })),
      "TUNNEL_FORBIDDEN",
    ],
    [
      "a 401 to a port-forward",
      "svc/ui",
      () => (scene.forward = () => ({ kind: "refuse", status: 401, message: "no" })),
      "TUNNEL_UNAUTHORIZED",
    ],
    ["a port that is not there", "svc/ui:9", () => undefined, "PORT_UNKNOWN"],
    [
      "a Service without a selector",
      "svc/bare",
      () => scene.cluster.service("bare", { ports: [{ port: 80 }] }),
      "SERVICE_WITHOUT_PODS",
    ],
  ])("%s", async (name, target, given, code) => {
    if (!name.startsWith("a Service")) scene.ui({ a: {} });
    given();
    const dialling = scene.dial(scene.route(target));
    await scene.pass(1_000);
    expect(dialling.result()).toMatchObject({ code });
    expect(scene.received.size).toBe(0);
  });
});

test("a port-forward that fails in passing is tried again", async () => {
  scene.ui({ a: {} });
  let tries = 0;
  scene.forward = () => {
    tries += 1;
    return tries < 4 ? { kind: "refuse", status: 500, message: "kubelet is restarting" } : { kind: "tunnel" };
  };
  const dialling = scene.dial(scene.route());
  await scene.pass(2_000);
  expect(peerOf(dialling)).toBe("uid-a/cri://1#0");
  expect(tries).toBe(4);
  // Of those that never came up nothing is told.
  expect(scene.changes).toEqual(["up a"]);
});

describe("disposing", () => {
  test("ends connections, dials and the watch", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    const open = scene.dial(opened);
    await scene.pass(1_000);
    scene.ui({ a: { ready: "False" } });
    await scene.pass(1);
    const waiting = scene.dial(opened);
    await scene.pass(1_000);
    const closing = opened[Symbol.asyncDispose]();
    await scene.pass(1_000);
    await closing;
    const way = open.result();
    expect(way instanceof Error || way?.stream.destroyed).toBe(true);
    expect(waiting.result()).toMatchObject({ code: "TUNNEL_LOST" });
    const calls = scene.cluster.calls.length;
    await scene.pass(600_000);
    expect(scene.cluster.calls).toHaveLength(calls);
    expect(scene.changes).toEqual(["up a", "down a it is not ready"]);
  });

  test("before anything was opened is fine, and nothing is opened after it", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    await opened[Symbol.asyncDispose]();
    const dialling = scene.dial(opened);
    await scene.pass(1);
    expect(dialling.result()).toMatchObject({ code: "TUNNEL_LOST" });
    expect(scene.cluster.calls).toEqual([]);
  });
});
