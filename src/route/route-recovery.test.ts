import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endpointOf, sliceOf } from "../../test/memory-cluster.ts";
import { peerOf, routeScene, type Scene } from "../../test/route-scene.ts";
import { KnownError } from "../base/errors.ts";
import type { Route } from "./types.ts";

let scene: Scene;
beforeEach(() => {
  scene = routeScene();
});
afterEach(async () => {
  await scene.close();
});

/** A route that was up with pod `a` only, which is gone now. */
const lost = async (): Promise<Route> => {
  scene.ui({ a: {} });
  const opened = scene.route();
  await opened.ready(scene.stop.signal);
  await scene.pass(1);
  scene.remove("a");
  await scene.pass(30_000);
  return opened;
};

describe("F3: while no pod is ready", () => {
  test("it says what stands in the way, and when it is up again nothing does", async () => {
    const opened = await lost();
    expect(opened.state).toMatchObject({ kind: "down" });
    expect(opened.trouble()).toMatchObject({ code: "NO_READY_POD" });
    expect(scene.troubles).toContain("NO_READY_POD");
    scene.cluster.pod("b", { labels: { app: "ui" } });
    scene.cluster.slice("ui-1", "ui", sliceOf(endpointOf("b")));
    await scene.pass(500);
    expect(opened.state).toMatchObject({ kind: "up", backend: { pod: "b" } });
    expect(opened.trouble()).toBeUndefined();
    scene.troubles.length = 0;
    await scene.pass(30_000);
    expect(scene.troubles).toEqual([]);
  });

  test("before anybody has looked again, it is the pod that went, and nothing older", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    await opened.ready(scene.stop.signal);
    const seen: unknown[] = [];
    scene.cluster.before.push(() => seen.push(opened.trouble()?.code));
    await scene.pass(1);
    seen.length = 0;
    scene.remove("a");
    await scene.pass(1);
    expect(seen[0]).toBe("POD_GONE");
  });

  test("a pod that gets ready is used within a second, whatever the pause between tries is by then", async () => {
    const opened = await lost();
    const dialling = scene.dial(opened);
    await scene.pass(10_000);
    expect(dialling.result()).toBeUndefined();
    scene.ui({ b: {} });
    await scene.pass(1_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
  });

  test("the API server is asked once in a second at most", async () => {
    await lost();
    const before = scene.cluster.calls.length;
    await scene.pass(60_000);
    expect(scene.cluster.calls.length - before).toBeLessThan(60);
  });

  test("without the right to watch it takes a pause longer", async () => {
    scene.cluster.denied.add("watch endpointslices");
    const opened = await lost();
    scene.ui({ b: {} });
    await scene.pass(6_000);
    expect(opened.backend?.pod).toBe("b");
  });

  test("one that flaps is no reason to hurry", async () => {
    const opened = await lost();
    const before = scene.cluster.calls.length;
    for (let turn = 0; turn < 40; turn += 1) {
      scene.ui({ b: { ready: turn % 2 === 0 ? "True" : "False" } });
      await scene.pass(300);
    }
    // Twenty times up and down: each costs what finding a pod, proving it and following it costs.
    expect(scene.cluster.calls.length - before).toBeLessThan(20 * 12);
    scene.ui({ b: {} });
    await scene.pass(6_000);
    expect(opened.backend?.pod).toBe("b");
  });
});

describe("what an API server says while it starts", () => {
  const refused = (code: "FORBIDDEN" | "UNAUTHORIZED" | "NOT_FOUND"): (() => void) => {
    let on = true;
    scene.cluster.before.push((call) => {
      if (on && call.startsWith("get services")) throw new KnownError(code, `${code} for now`);
    });
    return () => (on = false);
  };

  test.each(["FORBIDDEN", "UNAUTHORIZED", "NOT_FOUND"] as const)(
    "%s is waited out after it was up",
    async (code) => {
      const opened = await lostWith("a");
      const allow = refused(code);
      scene.remove("a");
      await scene.pass(1);
      const dialling = scene.dial(opened);
      await scene.pass(8_000);
      expect(dialling.result()).toBeUndefined();
      expect(opened.trouble()).toMatchObject({ code });
      allow();
      scene.ui({ b: {} });
      await scene.pass(6_000);
      expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
    },
  );

  test("a right that stays away is told", async () => {
    const opened = await lostWith("a");
    refused("FORBIDDEN");
    scene.remove("a");
    await scene.pass(1);
    const dialling = scene.dial(opened);
    await scene.pass(30_000);
    expect(peerOf(dialling)).toBe("FORBIDDEN for now");
  });

  test("but at the start at once", async () => {
    scene.ui({ a: {} });
    refused("FORBIDDEN");
    const dialling = scene.dial(scene.route());
    await scene.pass(500);
    expect(peerOf(dialling)).toBe("FORBIDDEN for now");
  });

  const lostWith = async (pod: string): Promise<Route> => {
    scene.ui({ [pod]: {} });
    const opened = scene.route();
    await opened.ready(scene.stop.signal);
    await scene.pass(1);
    return opened;
  };
});

test("after the machine slept the pod is looked at again, though its watch says nothing", async () => {
  scene.ui({ a: {}, b: {} });
  const opened = scene.route();
  await opened.ready(scene.stop.signal);
  await scene.pass(1);
  const before = scene.cluster.calls.filter((call) => call === "list pods").length;
  scene.time.suspend(60_000);
  await scene.pass(2_000);
  expect(scene.cluster.calls.filter((call) => call === "list pods").length).toBeGreaterThan(before);
});

test("nothing runs after the end", async () => {
  const opened = await lost();
  const closing = opened[Symbol.asyncDispose]();
  await scene.pass(1_000);
  await closing;
  const calls = scene.cluster.calls.length;
  await scene.pass(60_000);
  expect(scene.cluster.calls.length).toBe(calls);
  expect(opened.state).toEqual({ kind: "closed" });
});
