import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { answeringPlugin } from "../answering-plugin.ts";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { open } from "../opened.ts";
import { kauth, newHome, startOpen } from "../program.ts";
import { startRig } from "./rig.ts";

/** Rows of the fault matrix (security.md §3.3) that are about kauth's own process and its plugin. */

const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

test("F13 a plugin that hangs and forks is ended with all it started; a script hears of it", async () => {
  await using plugin = await answeringPlugin();
  const first = await plugin.answer("alice");
  await using ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig, "--exec-timeout", "2"]);
  await plugin.hang();
  plugin.demo.cluster.people.revoke(first);
  const { status, text } = await ui.fetch({ path: "/api/me" });
  expect([status, text]).toEqual([504, expect.stringContaining("EXEC_TIMEOUT") as string]);
  await expect.poll(async () => await plugin.orphans(), { timeout: 10_000 }).toEqual([]);
});

test("F14 a refresh fails while the old token is good: nobody notices until its end", async () => {
  await using plugin = await answeringPlugin();
  await plugin.answer("alice", 12_000);
  const end = Date.now() + 12_000;
  await using ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  await plugin.fail();
  let failed = 0;
  while (Date.now() < end - 300) {
    if ((await ui.fetch({ path: "/api/me" })).status !== 200) failed += 1;
    await pause(50);
  }
  expect(failed).toBe(0);
  expect(await plugin.runs()).toBeLessThanOrEqual(3);
}, 60_000);

test("F30 SIGTERM lets answers end, and a second one ends at once", async () => {
  const rig = await startRig();
  const slow = Array.from({ length: 50 }, async () => await rig.fetch({ path: "/slow?ms=2500" }));
  const arrived = (): number => rig.demo.app.requests.filter(({ url }) => url.startsWith("/slow")).length;
  await expect.poll(arrived, { timeout: 20_000 }).toBe(50);
  const ended = rig.ui.stop();
  expect((await Promise.all(slow)).filter(({ status }) => status === 200)).toHaveLength(50);
  expect(await ended).toBe(0);
  await rig[Symbol.asyncDispose]();
});

test("F31 a port that is taken is exit 1 and names its owner, never another port", async () => {
  await using demo = await testDemo();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
  const address = squatter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, stderr } = await kauth([
    "open",
    "svc/ui",
    "--skip-open-browser",
    "--kubeconfig",
    demo.kubeconfig,
    "--address",
    `127.0.0.1:${port}`,
  ]);
  squatter.close();
  expect([code, stderr]).toEqual([1, expect.stringMatching(/PORT_TAKEN/) as string]);
});

describe("F32 the browser", () => {
  test.each([
    ["is not there", "/nowhere/browser"],
    ["fails", "false"],
  ])("%s: the link is printed and the pages are served", async (_name, browser) => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--browser", "--kubeconfig", demo.kubeconfig], {
      env: { BROWSER: browser },
    });
    const { url } = await ui.event("link");
    expect((await (await follow(String(url))).get("/api/me")).status).toBe(200);
  });
});

test("F39 kauth is started anew while tabs are open: 401 with what to do, and no token goes out", async () => {
  await using demo = await testDemo();
  await using home = await newHome();
  const first = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig], { home: home.path });
  const tab = await follow(first.link);
  expect((await tab.get("/api/me")).status).toBe(200);
  const { port } = first.origin;
  await first.stop();
  await using second = await startOpen(
    ["svc/ui", "--kubeconfig", demo.kubeconfig, "--address", `127.0.0.1:${port}`],
    {
      home: home.path,
    },
  );
  expect(second.origin.href).toBe(first.origin.href);
  const before = demo.app.requests.length;
  const page = await tab.get("/", {
    accept: "text/html",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  });
  expect([page.status, page.text]).toEqual([401, expect.stringContaining("kauth open") as string]);
  expect((await tab.get("/api/me")).status).toBe(401);
  expect(demo.app.requests.length).toBe(before);
});
