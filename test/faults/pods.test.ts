import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow } from "../http.ts";
import { millis } from "../../src/base/units.ts";
import { podOf, startRig, type Rig } from "./rig.ts";

/** Rows of the fault matrix (security.md §3.3) that are about pods and their applications. */

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => await rig[Symbol.asyncDispose]());

test.each([
  ["is told of at once", 0, 1_000],
  // As containerd does (tunnel.md §2.2): a read that was on its way hears of the end no sooner.
  ["is told of after a second", 1_000, 1_000],
])(
  "F1 pods are deleted while others are ready, and the end of a stream %s: none of 1,000 reads is lost",
  async (_name, lateFin, gap) => {
    await using rolled = await startRig({ demoOptions: { quirks: { lateFin: millis(lateFin) } } });
    const rolling = (async (): Promise<number> => {
      const seen = new Set<string>();
      for (let turn = 0; turn < 6; turn += 1) {
        const pod = await podOf(rolled);
        seen.add(pod);
        rolled.demo.addPod(`ui-next-${turn}`, "ui");
        rolled.demo.deletePod(pod);
        await expect.poll(async () => await podOf(rolled), { timeout: 10_000 }).not.toBe(pod);
      }
      return seen.size;
    })();
    const asked = await rolled.ask({ until: rolling, least: 1_000 });
    expect([asked.wrong, asked.lost]).toEqual([0, []]);
    expect(asked.answered).toBe(asked.sent);
    expect(await rolling).toBeGreaterThanOrEqual(5);
    expect(asked.longestGap).toBeLessThan(gap);
  },
);

test("F3 no pod is ready: a person gets a page at once, a script waits, and both go on when one is", async () => {
  const pod = await podOf(rig);
  for (const name of rig.demo.cluster.store.list("pods", "apps").map(({ metadata }) => metadata.name))
    if (name.startsWith("ui-")) rig.demo.setReady(name, "ui", false);
  await expect
    .poll(async () => (await rig.fetch({ headers: { accept: "text/html" } })).status, { timeout: 10_000 })
    .toBe(503);
  const page = await rig.fetch({ headers: { accept: "text/html" } });
  expect(page.text).toMatch(/NO_READY_POD|POD_GONE/);
  expect(page.headers["retry-after"]).toBe("1");
  const calls = rig.calls();
  const since = performance.now();
  let answered = false;
  const script = rig.fetch({ path: "/api/me" }).finally(() => (answered = true));
  const change = await rig.fetch({ method: "POST", path: "/upload", body: "x" });
  expect([change.status, answered]).toEqual([504, false]);
  expect(change.text).toContain("not sent");
  // One try a second, and what a watch takes to begin and to end.
  expect(rig.calls() - calls).toBeLessThanOrEqual((performance.now() - since) / 1_000 + 3);
  const ready = performance.now();
  rig.demo.setReady(pod, "ui", true);
  expect((await script).status).toBe(200);
  expect(performance.now() - ready).toBeLessThan(2_000);
});

test("a pod that is ready and not ready, ten times a second: every read is answered, and nobody hurries", async () => {
  const pod = await podOf(rig);
  const calls = rig.calls();
  const since = performance.now();
  const flapping = (async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn += 1) {
      rig.demo.setReady(pod, "ui", turn % 2 === 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const asked = await rig.ask({ until: flapping, least: 20 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  // A try each half second at most: the Service, its slices, the pod, a tunnel, its proof, and a watch.
  const tries = (performance.now() - since) / 500;
  expect(rig.calls() - calls).toBeLessThanOrEqual((tries + 1) * 8);
});

test("F5 nobody listens at the port: tried again for 3 s, then 502, and everything else goes on", async () => {
  await using refused = await startRig({ args: ["pod/single-1:9"] });
  const { status, text } = await refused.fetch({ path: "/" });
  expect([status, text]).toEqual([502, expect.stringContaining("PORT_REFUSED") as string]);
  expect(refused.ui.child.exitCode).toBeNull();
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
});

test("F5 a container starts again within 3 s: reads wait for it, and sessions stay", async () => {
  let listening = true;
  const app = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  const connect = (_pod: unknown, _port: number, stream: unknown): boolean =>
    listening && app.emit("connection", stream);
  await using restarting = await startRig({ demoOptions: { pods: { connect } } });
  const browser = await follow(restarting.ui.link);
  for (let turn = 0; turn < 5; turn += 1) {
    expect((await browser.get("/before")).text).toBe("GET /before");
    listening = false;
    app.closeAllConnections();
    const waiting = browser.get("/during");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    listening = true;
    expect(await waiting).toMatchObject({ status: 200, text: "GET /during" });
  }
});

describe("F33 huge headers", () => {
  test("of a request: 431", async () => {
    expect((await rig.fetch({ headers: { cookie: "a".repeat(40 * 1024) } })).status).toBe(431);
  });

  test("of an answer: 502", async () => {
    expect((await rig.fetch({ path: "/big-header?size=70000" })).status).toBe(502);
    expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  });
});
