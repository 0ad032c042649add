import { expect, test } from "vitest";
import { kauth, type Finished } from "../program.ts";

const demo = async (args: readonly string[]): Promise<Finished> => await kauth(["demo", "--once", ...args]);

test("the name that the app saw is another at each run", async () => {
  const runs = [await demo([]), await demo(["--tunnel", "websocket"])];
  const names = runs.map((run) => /^signed in as ([a-z]+-[a-z]+-[0-9a-f]{4})\n$/.exec(run.stdout)?.[1]);
  expect(runs.map((run) => run.code)).toEqual([0, 0]);
  expect(names[0]).toBeDefined();
  expect(names[1]).toBeDefined();
  expect(names[0]).not.toBe(names[1]);
  expect(runs.map((run) => run.left)).toEqual([[], []]);
});

test("with a plugin that fails it fails", async () => {
  const run = await demo(["--plugin", "false"]);
  expect(run.code).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toContain("getting credentials: exec: executable false failed with exit code 1");
  expect(run.left).toEqual([]);
});

test("without a home, and so without a place to keep anything, it works as well", async () => {
  const run = await kauth(["demo", "--once"], { HOME: undefined, KAUTH_HOME: undefined });
  expect(run.code, run.stderr).toBe(0);
  expect(run.stdout).toMatch(/^signed in as /);
});
