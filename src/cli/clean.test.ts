import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { optionsFor, recorded, type Recorded } from "../../test/recorded.ts";
import { takeSeat } from "../base/seat.ts";
import { runClean, WRITTEN } from "./clean.ts";
import { cleanCommand } from "./commands/clean.ts";
import { answerOthers } from "./open/instance.ts";
import { askOthers } from "./open/other-instances.ts";

/** A name that each pattern takes. */
const OURS = [
  "state/origin.key",
  "state/origin.key.0123456789ab.new",
  "state/carriers.json",
  "state/origins/ui-0123.localhost",
  "cache/code/v24/x.cache",
  "run/open-0123456789abcdef.html",
  "run/launch-0123456789abcdef/open-0123456789abcdef.html",
  "run/demo-a1B2/kubeconfig",
  "run/instances/left",
  "run/oidc/0123456789abcdef0123456789abcdef.tried",
  `temp/kauth-${process.getuid?.() ?? 0}/oidc/0123456789abcdef`,
  "cache/iam/x",
  `.kube/cache/oidc-login/${"0".repeat(64)}.json`,
  `.kube/cache/oidc-login/${"0".repeat(64)}.json.0123456789ab.new`,
  ".kube/cache/oidc-login/kauth-handed-out",
  ".kube/cache/oidc-login/kauth-private/x",
];
const THEIRS = [
  "config.yaml",
  "notes.txt",
  "state/origin.key.bak",
  "state/carriers.json.old",
  "state/token",
  "run/open-xyz.html",
  "run/open-0123456789abcdef.html.save",
  "cache/something",
  "temp/kauth-99999/file",
  // kubelogin's.
  `.kube/cache/oidc-login/${"0".repeat(64)}`,
  `.kube/cache/oidc-login/${"0".repeat(64)}.lock`,
  ".kube/config",
];

const fill = async (home: string, paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    await mkdir(join(home, path, ".."), { recursive: true });
    await writeFile(join(home, path), "x");
  }
};

const filesIn = async (home: string): Promise<readonly string[]> =>
  (await readdir(home, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
    .toSorted();

const clean = async (under: Recorded, ...words: readonly string[]): Promise<number> =>
  await runClean({
    system: under.system(),
    options: optionsFor(cleanCommand, ...words),
    positionals: [],
    program: "kauth",
    signal: new AbortController().signal,
  });

describe("kauth clean", () => {
  test("removes what kauth wrote and nothing else", async () => {
    await using under = await recorded();
    await fill(under.home, [...OURS, ...THEIRS]);
    expect(await clean(under)).toBe(0);
    expect(await filesIn(under.home)).toEqual(THEIRS.toSorted());
  });

  test("of sockets only those that nobody listens on, so that a kauth that runs goes on being found", async () => {
    await using under = await recorded();
    const place = join(under.home, "run", "instances");
    const who = { pid: 1, targets: [], addresses: [] };
    const view = { who: () => who, open: () => Promise.resolve(undefined) };
    const running = await answerOthers(under.system(), view);
    const left = `require("net").createServer().listen(${JSON.stringify(join(place, "7-0123abcd"))}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", left]);
    expect(await readdir(place)).toHaveLength(2);
    expect(await clean(under)).toBe(0);
    expect(await askOthers(under.system(), { who: true })).toEqual([{ ...who, open: undefined }]);
    expect(await readdir(place)).toHaveLength(1);
    await running[Symbol.asyncDispose]();
    expect(await clean(under)).toBe(0);
    expect(await readdir(join(under.home, "run"))).toEqual([]);
  });

  test.each([
    { place: "the runtime directory", at: "run" },
    { place: "what homes share", at: `temp/kauth-${process.getuid?.() ?? 0}` },
  ])("leaves $place while a process has a seat in it", async ({ at }) => {
    await using under = await recorded();
    const directory = join(under.home, at, "oidc");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const left = join(directory, "0123456789abcdef");
    spawnSync(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    const seat = await takeSeat({ directory, name: "a" }, under.system(), { onSocket: () => undefined });
    if ("socket" in seat) throw new Error("somebody else has it");
    expect(await clean(under)).toBe(0);
    expect(await readdir(directory)).toContain("a.lock");
    await seat[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual(["0123456789abcdef"]);
    expect(await clean(under)).toBe(0);
    expect(await filesIn(under.home)).toEqual([]);
  });

  test("only says it with --dry-run", async () => {
    await using under = await recorded();
    await fill(under.home, [...OURS, ...THEIRS]);
    expect(await clean(under, "--dry-run", "--output=json")).toBe(0);
    expect(await filesIn(under.home)).toEqual([...OURS, ...THEIRS].toSorted());
    const told = JSON.parse(under.out.join("")) as {
      readonly dryRun: boolean;
      readonly removed: readonly string[];
    };
    expect(told.dryRun).toBe(true);
    expect(told.removed.length).toBe(OURS.length);
  });

  test("follows no link out of its places", async () => {
    await using under = await recorded();
    await using outside = await recorded();
    await fill(outside.home, ["precious"]);
    await mkdir(join(under.home, "run"), { recursive: true });
    await symlink(outside.home, join(under.home, "run", "demo-link"));
    expect(await clean(under)).toBe(0);
    expect(await filesIn(outside.home)).toEqual(["precious"]);
    expect(await filesIn(under.home)).toEqual([]);
  });

  test("says so when there is nothing, also without a home", async () => {
    await using under = await recorded();
    expect(await clean(under)).toBe(0);
    expect(under.err).toEqual(["There is nothing of kauth's to remove"]);
  });

  test("knows every file of the table by an example", () => {
    const names = OURS.flatMap((path) => path.split("/"));
    expect(WRITTEN.filter(({ pattern }) => !names.some((name) => pattern.test(name)))).toEqual([]);
  });
});
