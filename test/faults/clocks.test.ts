import { afterAll, beforeAll, expect, test } from "vitest";
import { follow } from "../http.ts";
import { podOf, startRig, type Rig } from "./rig.ts";
import { newWorld, type World } from "./world.ts";

/** Clocks that jump while pages are open (F26, issue C): of this machine only, so that every credential's end is wrong. */

const MINUTES = 60_000;
const DAY = 24 * 60 * MINUTES;
const SECONDS = 6;

let world: World;
let rig: Rig;
beforeAll(async () => {
  world = await newWorld();
  rig = await startRig({ world });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test.each([
  ["ten minutes ahead", 10 * MINUTES],
  ["ten minutes behind", -10 * MINUTES],
  ["a day ahead", DAY],
  ["a day behind", -DAY],
  ["right again", 0],
])("%s: no read is lost, one login is run, and nothing is asked in a loop", async (_name, ahead) => {
  await rig.untilBack(10_000);
  const [runs, calls] = [await rig.demo.pluginCalls(), rig.calls()];
  world.clock(ahead);
  const over = new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const asked = await rig.ask({ until: over, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  // And whoever is known stays so.
  expect((await rig.ui.json("/api/me"))["user"]).toBe(rig.demo.user);
  expect((await rig.demo.pluginCalls()) - runs).toBeLessThanOrEqual(1);
  // What a wake makes it ask, who a new credential is, and a pod's watch anew.
  expect(rig.calls() - calls).toBeLessThanOrEqual(10);
});

test("ten jumps in five seconds, there and back: the tunnel, its pod and a person's session stay", async () => {
  world.clock(0);
  const browser = await follow(rig.ui.link);
  await rig.untilBack(10_000);
  const [tunnels, pod] = [rig.tunnels(), await podOf(rig)];
  const jumping = (async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      world.clock(turn % 2 === 0 ? 10 * MINUTES : 0);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  const asked = await rig.ask({ until: jumping, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  expect(rig.tunnels()).toEqual(tunnels);
  expect(await podOf(rig)).toBe(pod);
  expect((await browser.get("/api/me")).status).toBe(200);
});
