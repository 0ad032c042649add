import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRig, textOf, type Rig } from "./rig.ts";

/** Rows of the fault matrix (security.md §3.3) that are about pods and their applications. */

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => await rig[Symbol.asyncDispose]());

const me = async (): Promise<string> =>
  (JSON.parse((await rig.fetch({ path: "/api/me" })).text) as { podName: string }).podName;

test("F1 a pod is deleted while another is ready: no read is lost", async () => {
  const rolling = (async (): Promise<number> => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 6; turn += 1) {
      const pod = await me();
      seen.add(pod);
      rig.demo.addPod(`ui-next-${turn}`, "ui");
      rig.demo.deletePod(pod);
      await expect.poll(me, { timeout: 10_000 }).not.toBe(pod);
    }
    return seen.size;
  })();
  const asked = await rig.ask({ until: rolling, least: 150 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  expect(asked.answered).toBe(asked.sent);
  expect(await rolling).toBeGreaterThanOrEqual(5);
  expect(asked.longestGap).toBeLessThan(5_000);
});

test("F3 no pod is ready: a person gets a page at once, a script waits, and both go on when one is", async () => {
  const pod = await me();
  for (const name of rig.demo.cluster.store.list("pods", "apps").map(({ metadata }) => metadata.name))
    if (name.startsWith("ui-")) rig.demo.setReady(name, "ui", false);
  await expect
    .poll(async () => (await rig.fetch({ headers: { accept: "text/html" } })).status, { timeout: 10_000 })
    .toBe(503);
  const page = await rig.fetch({ headers: { accept: "text/html" } });
  expect(page.text).toMatch(/NO_READY_POD|POD_GONE/);
  expect(page.headers["retry-after"]).toBe("1");
  let answered = false;
  const script = rig.fetch({ path: "/api/me" }).finally(() => (answered = true));
  const change = await rig.fetch({ method: "POST", path: "/upload", body: "x" });
  expect([change.status, answered]).toEqual([504, false]);
  expect(change.text).toContain("not sent");
  rig.demo.setReady(pod, "ui", true);
  expect((await script).status).toBe(200);
});

test("F5 nobody listens at the port: tried again for a while, then 502, and everything else goes on", async () => {
  await using refused = await startRig({ args: ["pod/single-1:9"] });
  const { status, text } = await refused.fetch({ path: "/" });
  expect([status, text]).toEqual([502, expect.stringContaining("PORT_REFUSED") as string]);
  expect(refused.ui.child.exitCode).toBeNull();
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
});

test("F8 one connection is reset: its neighbours notice nothing", async () => {
  const slow = Array.from({ length: 99 }, async () => await rig.fetch({ path: "/slow?ms=400" }));
  const reset = Array.from(
    { length: 10 },
    async () => await rig.fetch({ path: "/reset?how=rst" }).catch(() => undefined),
  );
  const answers = await Promise.all(slow);
  await Promise.all(reset);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(99);
});

test("F16 large bodies arrive whole, both ways", async () => {
  const size = 24 * 1024 * 1024;
  const down = await rig.fetch({ path: `/bytes?n=${size}` });
  expect(down.text === textOf(size)).toBe(true);
  expect(down.headers["content-length"]).toBe(String(size));
  const body = "0123456789abcdef".repeat(size / 16);
  const up = JSON.parse((await rig.fetch({ method: "POST", path: "/upload", body })).text) as {
    length: number;
    sha256: string;
  };
  expect(up).toEqual({ length: size, sha256: createHash("sha256").update(body).digest("hex") });
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
