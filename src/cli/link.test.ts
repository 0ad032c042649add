import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { recorded, type Recorded } from "../../test/recorded.ts";
import type { System } from "../base/system.ts";
import { VERSION } from "../base/version.ts";
import { run } from "./run.ts";

const exec = promisify(execFile);
const ENTRY = join(import.meta.dirname, "bin", "kauth.ts");

interface Scene extends Recorded {
  readonly first: string;
  readonly second: string;
  link(words: readonly string[], change?: Partial<System>): Promise<number>;
}

/** Two directories on the PATH, the first with kauth in it. */
const scene = async (change: Partial<System> = {}): Promise<Scene> => {
  const under = await recorded();
  const [first, second] = [join(under.home, "first"), join(under.home, "second")];
  await Promise.all([mkdir(first), mkdir(second)]);
  await symlink(ENTRY, join(first, "kauth"));
  return {
    ...under,
    first,
    second,
    link: async (words, more = {}) =>
      await run({
        args: ["link", ...words],
        program: "kauth",
        signal: new AbortController().signal,
        system: (level) => ({
          ...under.system(level),
          script: join(first, "kauth"),
          env: { KAUTH_HOME: under.home, PATH: `${first}:${second}` },
          ...change,
          ...more,
        }),
      }),
  };
};

const program = async (path: string): Promise<void> => {
  await writeFile(path, "#!/bin/sh\necho the real one\n");
  await chmod(path, 0o755);
};

describe("kauth link", () => {
  test("makes the name beside kauth, and what has the name knows it", async () => {
    await using at = await scene();
    expect(await at.link(["kubelogin"])).toBe(0);
    const path = join(at.first, "kubelogin");
    expect(await readlink(path)).toBe(join(import.meta.dirname, "bin", "kubelogin.ts"));
    const { stdout } = await exec(process.execPath, [path, "--version"], { env: { KAUTH_HOME: at.home } });
    expect(stdout).toBe(`kubelogin version ${VERSION}\n`);
    expect(await at.link(["kubelogin"])).toBe(0);
    expect(at.err.at(-1)).toBe(`${path} is kauth already`);
  });

  test("in a directory of one's own, which may be off the PATH", async () => {
    await using at = await scene();
    await mkdir(join(at.home, "own"));
    expect(await at.link(["kubelogin", "--dir", "~/own"])).toBe(0);
    expect(await readlink(join(at.home, "own", "kubelogin"))).toContain("kubelogin.ts");
    expect(at.err.join("\n")).toContain("is not on your PATH");
  });

  test("takes no name away from another program", async () => {
    await using at = await scene();
    await program(join(at.first, "kubelogin"));
    expect(await at.link(["kubelogin", "--shadow"])).toBe(2);
    expect(at.err.join("\n")).toContain("something else has that name [LINK_TAKEN]");
    expect(await readFile(join(at.first, "kubelogin"), "utf8")).toContain("the real one");
  });

  test("hides no other program unasked", async () => {
    await using at = await scene();
    await program(join(at.second, "kubelogin"));
    expect(await at.link(["kubelogin"])).toBe(2);
    expect(at.err.join("\n")).toContain(`it would hide "${join(at.second, "kubelogin")}" [LINK_TAKEN]`);
    await expect(readlink(join(at.first, "kubelogin"))).rejects.toThrow("ENOENT");
    expect(await at.link(["kubelogin", "--shadow"])).toBe(0);
    expect(await readlink(join(at.first, "kubelogin"))).toContain("kubelogin.ts");
  });

  test("says so where another program still comes first", async () => {
    await using at = await scene();
    await program(join(at.first, "kubelogin"));
    expect(await at.link(["kubelogin", "--dir", at.second])).toBe(0);
    expect(at.err.join("\n")).toContain(`${join(at.first, "kubelogin")} comes first on your PATH`);
  });

  test.each([
    { words: [], says: "name one of kubelogin" },
    { words: ["kubelogin", "more"], says: "name one of kubelogin" },
    { words: ["kubectl"], says: "it must be one of kubelogin" },
    { words: ["kubectl-oidc_login"], says: "it must be one of kubelogin" },
  ])("refuses $words", async ({ words, says }) => {
    await using at = await scene();
    expect(await at.link(words)).toBe(2);
    expect(at.err.join("\n")).toContain(says);
  });

  test("a compiled program is its own target, under every name", async () => {
    await using at = await scene();
    const compiled = join(at.home, "kauth");
    await program(compiled);
    expect(await at.link(["kubelogin", "--dir", at.second], { script: undefined, execPath: compiled })).toBe(
      0,
    );
    expect(await readlink(join(at.second, "kubelogin"))).toBe(compiled);
  });

  test("on Windows a launcher names the runtime and the entry", async () => {
    await using at = await scene();
    const windows = { platform: "win32", execPath: String.raw`C:\100%\node.exe` } as const;
    expect(await at.link(["kubelogin", "--dir", at.second], windows)).toBe(0);
    const entry = join(import.meta.dirname, "bin", "kubelogin.ts");
    expect(await readFile(join(at.second, "kubelogin.cmd"), "utf8")).toBe(
      `@"C:\\100%%\\node.exe" "${entry}" %*\r\n`,
    );
    expect(await at.link(["kubelogin", "--dir", at.second], windows)).toBe(0);
    expect(at.err.at(-1)).toContain("is kauth already");
  });

  test("who only uses the library cannot be linked", async () => {
    await using at = await scene();
    await program(join(at.home, "other.js"));
    expect(await at.link(["kubelogin"], { script: join(at.home, "other.js") })).toBe(2);
    expect(at.err.join("\n")).toContain("what runs here is no installed kauth");
  });
});
