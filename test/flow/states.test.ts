import { expect, test } from "vitest";
import { answeringPlugin } from "../answering-plugin.ts";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { startOpen } from "../program.ts";

/** What `kauth open --output json` says of a target's pages (issue C.4). */

test("a program hears when no pod is ready, and when one is again", async () => {
  await using demo = await testDemo();
  await using open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  expect(await open.event("state")).toEqual({ event: "state", state: "starting" });
  expect(await open.event("state")).toEqual({ event: "state", state: "up" });
  demo.deletePod("ui-1");
  demo.deletePod("ui-2");
  expect(await open.event("state")).toEqual({ event: "state", state: "restarting" });
  expect(await open.event("state")).toMatchObject({ state: "no-ready-pod", code: "NO_READY_POD" });
  demo.addPod("ui-3", "ui");
  expect(await open.event("state")).toEqual({ event: "state", state: "up" });
  expect(open.stdout().match(/"state":"no-ready-pod"/g)).toHaveLength(1);
});

test("a program hears that a person has to sign in", async () => {
  await using plugin = await answeringPlugin();
  await plugin.answer("alice", 2_000);
  await using open = await startOpen(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  const browser = await follow(open.link);
  for (const state of ["starting", "up"]) expect(await open.event("state")).toMatchObject({ state });
  await plugin.fail();
  await expect.poll(async () => (await browser.get("/api/me")).status, { timeout: 20_000 }).toBe(504);
  const asked = await open.event("state");
  expect(asked).toEqual({ event: "state", state: "sign-in" });
  expect(await open.event("sign-in")).toMatchObject({ state: "failed", code: "EXEC_FAILED" });
});
