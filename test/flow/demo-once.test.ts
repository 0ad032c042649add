import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environment, PROGRAM } from "../program.ts";

const demo = async (
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string; left: readonly string[] }> => {
  const home = await mkdtemp(join(tmpdir(), "kauth-test-"));
  const [file = "", ...first] = PROGRAM;
  const child = spawn(file, [...first, "demo", "--once", ...args], {
    env: environment(home),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  await once(child, "close");
  const left = await readdir(join(home, "run")).catch(() => []);
  await rm(home, { recursive: true, force: true });
  return { code: child.exitCode, stdout, stderr, left };
};

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
