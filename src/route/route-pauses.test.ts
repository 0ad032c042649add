import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endpointOf, sliceOf } from "../../test/memory-cluster.ts";
import { peerOf, routeScene, type Scene } from "../../test/route-scene.ts";
import { KnownError, type ErrorCode } from "../base/errors.ts";
import type { SpdyServer } from "../tunnel/spdy/server.ts";
import type { Route } from "./types.ts";

let scene: Scene;
beforeEach(() => {
  scene = routeScene();
});
afterEach(async () => {
  await scene.close();
});

/** A route that is up with pod `a` only. */
const up = async (): Promise<Route> => {
  scene.ui({ a: {} });
  const opened = scene.route();
  await opened.ready(scene.stop.signal);
  await scene.pass(1);
  return opened;
};

/** Each request to the API server fails so until the returned function is called. */
const fail = (code: ErrorCode, calls = /./): (() => void) => {
  let on = true;
  scene.cluster.before.push((call) => {
    if (on && calls.test(call)) throw new KnownError(code, `${code} for now`);
  });
  return () => (on = false);
};

/** A pod that gets ready in the middle of a long pause is used within a second. */
const usedAtOnce = async (opened: Route): Promise<void> => {
  const tries = (): number => scene.cluster.calls.filter((call) => call === "get services ui").length;
  const before = tries();
  // Just after a try.
  while (tries() === before) await scene.pass(50);
  await scene.pass(600);
  scene.ui({ b: {} });
  await scene.pass(1_000);
  expect(opened.backend?.pod).toBe("b");
};

test("F1: who is gone is told, and who only gets ready no more is not", async () => {
  const opened = await up();
  const gone: string[] = [];
  opened.onGone((peer) => gone.push(peer));
  scene.ui({ a: { ready: "False" }, b: {} });
  await scene.pass(1_000);
  expect([opened.backend?.pod, gone]).toEqual(["b", []]);
  scene.remove("b");
  await scene.pass(1_000);
  expect(gone).toEqual(["uid-b/cri://1#0"]);
});

test("F3: a pod that gets ready while a try is under way is used within a second", async () => {
  const opened = await up();
  scene.remove("a");
  await scene.pass(30_000);
  let armed = true;
  scene.cluster.before.push((call) => {
    // The slices have been read; this list is only for the message.
    if (!armed || call !== "list pods") return;
    armed = false;
    scene.cluster.pod("b", { labels: { app: "ui" } });
    scene.cluster.slice("ui-1", "ui", sliceOf(endpointOf("b")));
  });
  while (armed) await scene.pass(100);
  await scene.pass(1_000);
  expect(opened.backend?.pod).toBe("b");
});

test("F3: who asks in the middle of a long pause does not wait for its end", async () => {
  const opened = await up();
  const back = fail("CONNECTION_REFUSED");
  scene.cluster.cutWatches();
  // The tunnel goes with the API server.
  scene.forward = () => ({ kind: "break", beforeSent: true });
  await scene.pass(1);
  for (const end of scene.ends) end.destroy();
  await scene.pass(60_000);
  const before = scene.cluster.calls.filter((call) => call.startsWith("get services")).length;
  const tries = (): number => scene.cluster.calls.filter((call) => call.startsWith("get services")).length;
  // Just after a try.
  while (tries() === before) await scene.pass(50);
  back();
  scene.forward = () => ({ kind: "tunnel" });
  scene.ui({ b: {} });
  const dialling = scene.dial(opened);
  await scene.pass(2_000);
  expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
});

describe("an API server that was away for long knows its roles last", () => {
  test("so that its 403 is waited out, whenever it is back", async () => {
    const opened = await up();
    const back = fail("CONNECTION_REFUSED");
    scene.cluster.cutWatches();
    for (const end of scene.ends) end.destroy();
    await scene.pass(60_000);
    const dialling = scene.dial(opened);
    await scene.pass(3_000);
    back();
    const allow = fail("FORBIDDEN");
    await scene.pass(5_000);
    expect(dialling.result()).toBeUndefined();
    allow();
    await scene.pass(3_000);
    expect(peerOf(dialling)).toBe("uid-a/cri://1#0");
  });

  test("so that the pod is followed again after a 403", async () => {
    const opened = await up();
    const allow = fail("FORBIDDEN");
    scene.cluster.cutWatches();
    await scene.pass(10_000);
    allow();
    scene.cluster.pod("b", { labels: { app: "ui" } });
    scene.ui({ a: { ready: "False" }, b: {} });
    await scene.pass(31_000);
    expect(opened.backend?.pod).toBe("b");
  });

  test("so that what gets ready is told again after a 403", async () => {
    const opened = await up();
    scene.remove("a");
    await scene.pass(30_000);
    const allow = fail("FORBIDDEN", /^(list|watch) endpointslices$/);
    scene.cluster.cutWatches();
    await scene.pass(3_000);
    allow();
    await scene.pass(31_000);
    await usedAtOnce(opened);
  });
});

test("a tunnel that ends as soon as it is up is not opened anew without a pause", async () => {
  const opened = await up();
  let ends = true;
  // After its proof, when the dial is done.
  scene.onUp = () => setImmediate(() => ends && scene.ends.at(-1)?.destroy());
  scene.ends.at(-1)?.destroy();
  await scene.pass(10_000);
  expect(scene.dialled.length).toBeGreaterThan(2);
  expect(scene.dialled.length).toBeLessThan(15);
  ends = false;
  await scene.pass(6_000);
  expect(opened.backend?.pod).toBe("a");
});

test("tunnels that take nothing are not opened without end", async () => {
  const opened = await up();
  let lies = true;
  let made = 0;
  const servers: SpdyServer[] = [];
  scene.forward = () => ({ kind: "tunnel", quirks: { silentAfterGoaway: true } });
  scene.onTunnel = (_end, server) => {
    servers.push(server);
    made += 1;
    if (made > 200) throw new Error("a loop");
  };
  scene.cluster.before.push((call) => {
    // While the newest tunnel waits for its proof.
    if (lies && call === "get pods a") servers.at(-1)?.goaway();
  });
  for (const end of scene.ends) end.destroy();
  await scene.pass(10_000);
  expect(made).toBeGreaterThan(2);
  expect(made).toBeLessThan(60);
  lies = false;
  scene.forward = () => ({ kind: "tunnel" });
  const dialling = scene.dial(opened);
  await scene.pass(6_000);
  expect(peerOf(dialling)).toBe("uid-a/cri://1#0");
});

test("F3: after a long outage, what gets ready is told again within seconds", async () => {
  const opened = await up();
  scene.remove("a");
  await scene.pass(1_000);
  const back = fail("CONNECTION_REFUSED");
  scene.cluster.cutWatches();
  await scene.pass(65_000);
  back();
  await scene.pass(10_000);
  await usedAtOnce(opened);
});

test("a tunnel that is proven after the end is closed", async () => {
  scene.ui({ a: {} });
  const opened = scene.route();
  let closing: PromiseLike<void> | undefined;
  let asked = 0;
  scene.cluster.before.push((call) => {
    if (call !== "get pods a" || (asked += 1) !== 2) return;
    closing = Promise.resolve().then(async () => await opened[Symbol.asyncDispose]());
  });
  const dialling = scene.dial(opened);
  await scene.pass(5_000);
  await closing;
  expect(dialling.result()).toBeInstanceOf(Error);
  expect(scene.ends.map((end) => end.destroyed)).toEqual([true]);
});

test("a container that started anew between two looks is another peer", async () => {
  const opened = await up();
  scene.ui({
    a: {
      status: { containerStatuses: [{ name: "app", ready: true, restartCount: 1, containerID: "cri://2" }] },
    },
  });
  await scene.pass(1_000);
  const dialling = scene.dial(opened);
  await scene.pass(1_000);
  expect(peerOf(dialling)).toBe("uid-a/cri://2#1");
});

test("a further tunnel that cannot be had does not take the first one away", async () => {
  const opened = await up();
  const first = scene.dial(opened);
  await scene.pass(1_000);
  scene.forward = () => ({ kind: "refuse", status: 500, message: "too many" });
  const bulk = opened.dial({ bulk: true, signal: scene.stop.signal }).then(
    (way) => way.peer,
    (error: unknown) => error as Error,
  );
  await scene.pass(1_000);
  expect(await Promise.race([bulk, Promise.resolve("waits")])).toBe("uid-a/cri://1#0");
  await scene.pass(70_000);
  const way = first.result();
  expect(way instanceof Error || way === undefined ? way : way.stream.destroyed).toBe(false);
  expect(scene.changes).toEqual(["up a"]);
});

test("who asks in the turn in which a way is found shares it", async () => {
  scene.ui({ a: {} });
  const opened = scene.route();
  const diallings = [scene.dial(opened)];
  scene.onDialer = () => {
    const ask = (turns: number): void => {
      diallings.push(scene.dial(opened));
      if (turns > 0) queueMicrotask(() => ask(turns - 1));
    };
    ask(20);
  };
  await scene.pass(5_000);
  expect(new Set(diallings.map(peerOf))).toEqual(new Set(["uid-a/cri://1#0"]));
  expect(scene.dialled).toEqual(["a"]);
});

test("nothing is dialled for who asked before the end", async () => {
  scene.ui({ a: {} });
  const opened = scene.route();
  let closing: PromiseLike<void> | undefined;
  scene.cluster.before.push((call) => {
    if (call !== "get pods a" || closing !== undefined) return;
    closing = Promise.resolve().then(async () => await opened[Symbol.asyncDispose]());
  });
  const dialling = scene.dial(opened);
  await scene.pass(5_000);
  await closing;
  expect(dialling.result()).toBeInstanceOf(Error);
  expect(scene.received.size).toBe(0);
});
