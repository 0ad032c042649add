import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryCluster, type MemoryCluster } from "../../test/memory-cluster.ts";
import { KnownError } from "../base/errors.ts";
import { clock, settle, type Clock } from "../tunnel/far-end.test-d.ts";
import { podOf } from "../../test/kubernetes.ts";
import { backendOf } from "./pod-facts.ts";
import { untilPodLeaves } from "./watch-pod.ts";

let cluster: MemoryCluster;
let time: Clock;
let stop: AbortController;
beforeEach(() => {
  cluster = memoryCluster();
  cluster.pod("a");
  time = clock();
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** Follows pod `a`; gives the reason for leaving it, `undefined` for the end by signal. */
const follow = (): { readonly reason: () => string | undefined; readonly gone: () => boolean } => {
  let reason: string | undefined = "stays";
  let gone = false;
  void untilPodLeaves({
    connection: cluster.connection,
    system: time.system,
    backend: backendOf(podOf("a"), 8080, "http"),
    signal: stop.signal,
  }).then((given) => {
    reason = given?.reason;
    gone = given?.gone ?? false;
  });
  return { reason: () => reason, gone: () => gone };
};

/** The last says whether nobody will answer what it was asked. */
const LEAVING: readonly (readonly [string, () => void, string, boolean])[] = [
  ["is deleted", () => cluster.store.delete("pods", "apps", "a"), "it was deleted", true],
  ["is being deleted", () => cluster.pod("a", { deleted: true }), "it is being deleted", false],
  ["becomes not ready", () => cluster.pod("a", { ready: "False" }), "it is not ready", false],
  ["ends", () => cluster.pod("a", { phase: "Failed" }), "its phase is Failed", false],
];

describe("is left when it", () => {
  test.each(LEAVING)("%s", async (_name, change, wanted, isGone) => {
    const { reason, gone } = follow();
    await settle();
    expect(reason()).toBe("stays");
    change();
    await settle();
    expect([reason(), gone()]).toEqual([wanted, isGone]);
    expect(cluster.calls).toEqual(["list pods", "watch pods"]);
  });

  test("is replaced by one of the same name", async () => {
    const { reason } = follow();
    await settle();
    cluster.pod("a", { uid: "uid-new" });
    await settle();
    // The store deletes the old one first, as the API server does.
    expect(reason()).toBe("it was deleted");
  });

  test.each([
    ["gone", () => cluster.store.delete("pods", "apps", "a"), "it was deleted"],
    ["replaced", () => cluster.pod("a", { uid: "uid-new" }), "another pod has its name now"],
    ["not ready", () => cluster.pod("a", { ready: "False" }), "it is not ready"],
  ])("is %s before the watch begins", async (_name, change, wanted) => {
    change();
    const { reason } = follow();
    await settle();
    expect(reason()).toBe(wanted);
  });
});

test.each<readonly [string, () => void]>([
  ["it changes otherwise", () => cluster.pod("a", { labels: { x: "y" } })],
  ["another pod is deleted", () => cluster.store.delete("pods", "apps", "ab")],
  ["another pod is not ready", () => cluster.pod("ab", { ready: "False" })],
])("stays while %s", async (_name, change) => {
  cluster.pod("ab");
  const { reason } = follow();
  await settle();
  change();
  await time.advance(60_000);
  expect(reason()).toBe("stays");
});

describe("without watch pods it is asked for every five seconds", () => {
  test.each(LEAVING)("and left when it %s", async (_name, change, wanted) => {
    cluster.denied.add("watch pods");
    const { reason } = follow();
    await settle();
    change();
    await time.advance(4_000);
    expect(reason()).toBe("stays");
    await time.advance(1_000);
    expect(reason()).toBe(wanted);
  });

  test("and left when another has its name", async () => {
    cluster.denied.add("watch pods");
    const { reason } = follow();
    await settle();
    cluster.pod("a", { uid: "uid-new" });
    await time.advance(5_000);
    expect(reason()).toBe("another pod has its name now");
  });

  test.each<readonly [string, readonly string[], string]>([
    ["without list pods", ["list pods"], "get pods a"],
    ["without get pods", ["watch pods", "get pods"], "list pods"],
  ])("%s", async (_name, denied, call) => {
    for (const each of denied) cluster.denied.add(each);
    const { reason } = follow();
    await time.advance(60_000);
    expect(reason()).toBe("stays");
    const polls = cluster.calls.filter((each) => each === call).length;
    expect(polls).toBeGreaterThanOrEqual(12);
    expect(polls).toBeLessThanOrEqual(15);
  });

  test("with no right at all nothing is known, so it stays", async () => {
    for (const call of ["watch pods", "list pods", "get pods"]) cluster.denied.add(call);
    const { reason } = follow();
    await time.advance(600_000);
    expect(reason()).toBeUndefined();
    expect(cluster.calls.length).toBeLessThan(5);
  });
});

describe("an API server that is away says nothing about the pod", () => {
  const away = (): void => {
    cluster.before.push(() => {
      throw new KnownError("CONNECTION_REFUSED", "refused");
    });
  };

  test("and is asked again, ever more seldom: each time may start a credential plugin", async () => {
    away();
    const { reason } = follow();
    await time.advance(600_000);
    expect(reason()).toBe("stays");
    expect(cluster.calls.length).toBeGreaterThanOrEqual(20);
    expect(cluster.calls.length).toBeLessThanOrEqual(26);
  });

  test("what happened meanwhile is seen when it is back", async () => {
    away();
    const { reason } = follow();
    await time.advance(10_000);
    cluster.pod("a", { ready: "False" });
    cluster.before.pop();
    await time.advance(30_000);
    expect(reason()).toBe("it is not ready");
  });

  test("after it was back the pauses start over", async () => {
    away();
    follow();
    await time.advance(300_000);
    cluster.before.pop();
    await time.advance(30_000);
    expect(cluster.calls.at(-1)).toBe("watch pods");
    const before = cluster.calls.length;
    away();
    cluster.cutWatches();
    await time.advance(3_000);
    expect(cluster.calls).toHaveLength(before + 2);
  });

  test("a 401 for ever is asked about no more often", async () => {
    cluster.before.push(() => {
      throw new KnownError("UNAUTHORIZED", "401");
    });
    follow();
    await time.advance(600_000);
    expect(cluster.calls.length).toBeLessThanOrEqual(26);
  });
});

test("a version that is too old starts with a list, in which a replacement shows", async () => {
  let expired = false;
  cluster.before.push((call) => {
    if (call !== "watch pods" || expired) return;
    expired = true;
    cluster.pod("a", { uid: "uid-new" });
    cluster.store.compact();
  });
  const { reason } = follow();
  await time.advance(2_000);
  expect(cluster.calls).toEqual(["list pods", "watch pods", "list pods"]);
  expect(reason()).toBe("another pod has its name now");
});

test("ends with the signal and says nothing, also between two questions", async () => {
  cluster.denied.add("watch pods");
  const { reason } = follow();
  await time.advance(1_000);
  stop.abort();
  await settle();
  expect(reason()).toBeUndefined();
  const calls = cluster.calls.length;
  await time.advance(60_000);
  expect(cluster.calls).toHaveLength(calls);
});
