import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endpointOf, sliceOf } from "../../test/memory-cluster.ts";
import { peerOf, REQUEST, routeScene, type Scene } from "../../test/route-scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = routeScene();
});
afterEach(async () => {
  await scene.close();
});

describe("the name belongs to another pod by now (R-G2)", () => {
  /** Another pod gets the name between the list and the connection. */
  const swap = (): void => {
    let swapped = false;
    scene.forward = (pod) => {
      if (pod === "a" && !swapped) scene.cluster.pod("a", { labels: { app: "ui" }, uid: "uid-evil" });
      swapped = true;
      return { kind: "tunnel" };
    };
  };

  test("so not a byte goes there, and another pod is looked for", async () => {
    scene.ui({ a: {}, b: {} });
    swap();
    const dialling = scene.dial(scene.route());
    await scene.pass(2_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
    expect([...scene.received.keys()]).toEqual(["b"]);
    expect(scene.dialled).toEqual(["a", "b"]);
  });

  test("so not a byte goes there, and it waits where there is no other", async () => {
    scene.ui({ a: {} });
    swap();
    const dialling = scene.dial(scene.route());
    await scene.pass(60_000);
    expect(dialling.result()).toBeUndefined();
    expect(scene.received.size).toBe(0);
    scene.cluster.slice("ui-1", "ui", sliceOf(endpointOf("a", { ready: true }, "uid-evil")));
    await scene.pass(6_000);
    expect(peerOf(dialling)).toBe("uid-evil/cri://1#0");
  });

  test("so `ready` takes another one as well", async () => {
    scene.ui({ a: {}, b: {} });
    swap();
    const ready = scene.route().ready(scene.stop.signal);
    await scene.pass(2_000);
    expect((await ready).pod).toBe("b");
    expect(scene.received.size).toBe(0);
  });

  test("and without get pods a list says so", async () => {
    scene.ui({ a: {}, b: {} });
    scene.cluster.denied.add("get pods");
    swap();
    const dialling = scene.dial(scene.route());
    await scene.pass(2_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
    expect([...scene.received.keys()]).toEqual(["b"]);
  });

  test("F4: in a thousand races never a byte", async () => {
    scene.ui({ a: {} });
    for (let race = 0; race < 1000; race += 1) {
      scene.cluster.pod("a", { labels: { app: "ui" }, uid: "uid-a" });
      swap();
      const own = new AbortController();
      const opened = scene.route();
      const dialling = scene.dial(opened, own.signal);
      await scene.pass(1);
      own.abort(new Error("next race"));
      await opened[Symbol.asyncDispose]();
      expect(dialling.result()).toBeUndefined();
    }
    expect(scene.received.size).toBe(0);
    expect(scene.dialled).toHaveLength(1000);
  });
});

describe("a pod that goes", () => {
  test.each<readonly [string, () => void, string]>([
    ["is deleted", () => scene.remove("a", "b"), "it was deleted"],
    ["becomes not ready", () => scene.ui({ a: { ready: "False" }, b: {} }), "it is not ready"],
    ["is being deleted", () => scene.ui({ a: { deleted: true }, b: {} }), "it is being deleted"],
  ])("and %s is left; the next connection goes to another", async (_name, change, why) => {
    scene.ui({ a: {} });
    const opened = scene.route();
    await opened.ready(scene.stop.signal);
    await scene.pass(1);
    scene.cluster.pod("b", { labels: { app: "ui" } });
    change();
    await scene.pass(1);
    // Nobody has asked yet, and it is there already.
    expect(opened.backend?.pod).toBe("b");
    expect(scene.changes).toEqual(["up a", `down a ${why}`, "switched b"]);
    const dialling = scene.dial(opened);
    await scene.pass(1_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
    expect(scene.changes).toEqual(["up a", `down a ${why}`, "switched b"]);
    expect([...scene.received.keys()]).toEqual(["b"]);
  });

  test("takes its open connections along only when it is really gone", async () => {
    scene.ui({ a: {}, b: {} });
    const opened = scene.route();
    const before = scene.dial(opened);
    await scene.pass(1_000);
    scene.ui({ a: { ready: "False" }, b: {} });
    await scene.pass(30_000);
    const way = before.result();
    if (way === undefined || way instanceof Error) throw new Error("no connection");
    expect(way.stream.destroyed).toBe(false);
    way.stream.write("more");
    await scene.pass(1);
    expect(scene.received.get("a")).toBe(`${REQUEST}more`);
    await scene.pass(40_000);
    expect(way.stream.destroyed).toBe(true);
  });

  test("while it is being dialled is not used", async () => {
    scene.ui({ a: {}, b: {} });
    let first = true;
    scene.cluster.before.push((call) => {
      // The pod is asked for once when it is chosen and once more when its tunnel is there.
      if (call === "list pods" && first) {
        first = false;
        scene.ui({ a: { ready: "False" }, b: {} });
      }
    });
    const dialling = scene.dial(scene.route());
    await scene.pass(2_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
    expect([...scene.received.keys()]).toEqual(["b"]);
    expect(scene.changes.at(-1)).toMatch(/ b$/);
  });

  test("between its choice and its tunnel's proof is no missing object: another is looked for", async () => {
    scene.ui({ a: {}, b: {} });
    scene.forward = (pod) => {
      if (pod === "a") scene.remove("a", "b");
      return { kind: "tunnel" };
    };
    const dialling = scene.dial(scene.route());
    await scene.pass(2_000);
    expect(peerOf(dialling)).toBe("uid-b/cri://1#0");
  });

  test("and comes back under its own name, as a StatefulSet's does, is waited for", async () => {
    scene.cluster.pod("sts-0");
    const opened = scene.route("pod/sts-0");
    await opened.ready(scene.stop.signal);
    await scene.pass(1);
    scene.cluster.store.delete("pods", "apps", "sts-0");
    await scene.pass(1);
    const dialling = scene.dial(opened);
    await scene.pass(10_000);
    expect(dialling.result()).toBeUndefined();
    scene.cluster.pod("sts-0", { uid: "uid-2" });
    await scene.pass(5_000);
    expect(peerOf(dialling)).toBe("uid-2/cri://1#0");
    expect(scene.changes).toEqual(["up sts-0", "down sts-0 it was deleted", "switched sts-0"]);
  });

  test("whose container started anew is another peer", async () => {
    scene.ui({ a: {} });
    const opened = scene.route();
    const before = scene.dial(opened);
    await scene.pass(1_000);
    scene.ui({ a: { ready: "False" } });
    await scene.pass(1_000);
    scene.ui({
      a: {
        status: {
          containerStatuses: [{ name: "app", ready: true, restartCount: 1, containerID: "cri://2" }],
        },
      },
    });
    const later = scene.dial(opened);
    await scene.pass(2_000);
    expect([peerOf(before), peerOf(later)]).toEqual(["uid-a/cri://1#0", "uid-a/cri://2#1"]);
    expect(scene.changes).toEqual(["up a", "down a it is not ready", "up a"]);
  });
});
