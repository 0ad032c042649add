import { chmod, mkdir, writeFile } from "node:fs/promises";
import { win32 } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cleanPath } from "../kubeconfig/index.ts";
import { isBare, lookPath, type Found } from "./look-path.ts";
import { newBench, type Bench } from "./plugin.test-d.ts";

const RELATIVE = "cannot run executable found relative to current directory";

describe("on Unix", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await newBench();
    for (const directory of ["a", "b"]) await mkdir(bench.at(directory));
  });
  afterEach(async () => {
    await bench[Symbol.asyncDispose]();
  });
  const put = async (name: string, mode = 0o755): Promise<void> => {
    await writeFile(bench.at(name), "");
    await chmod(bench.at(name), mode);
  };
  const look = async (file: string, path: string): Promise<Found> =>
    await lookPath(file, {
      platform: "linux",
      env: { PATH: path },
      cwd: bench.directory,
      // As the working directory would.
      executable: async (name) =>
        await bench.system.files.executable(name.startsWith("/") ? name : bench.at(name)),
    });

  test("the first directory that has it counts", async () => {
    await put("b/x");
    expect(await look("x", `${bench.at("a")}:${bench.at("b")}`)).toEqual({
      kind: "found",
      path: bench.at("b/x"),
    });
    await put("a/x");
    expect(await look("x", `${bench.at("a")}:${bench.at("b")}`)).toEqual({
      kind: "found",
      path: bench.at("a/x"),
    });
  });

  test("what is a directory or may not be run is passed over", async () => {
    await put("a/x", 0o644);
    await put("b/x");
    expect(await look("x", `${bench.at("a")}:${bench.at("b")}`)).toMatchObject({ path: bench.at("b/x") });
    await mkdir(bench.at("a/y"));
    await put("b/y");
    expect(await look("y", `${bench.at("a")}:${bench.at("b")}`)).toMatchObject({ path: bench.at("b/y") });
  });

  test.each([[""], ["."], [":/none"], ["/none:"], ["./"], ["a/.."]])(
    "a hit in the working directory by PATH %j is refused (R-I2)",
    async (path) => {
      await put("x");
      expect(await look("x", path)).toEqual({ kind: "missing", path: "x", reason: `exec: "x": ${RELATIVE}` });
    },
  );

  test("a relative directory of PATH is no better, although a later one has it too", async () => {
    await put("a/x");
    await put("b/x");
    expect(await look("x", `a:${bench.at("b")}`)).toMatchObject({ kind: "missing", path: "a/x" });
  });

  test("a path is not looked up", async () => {
    await put("a/x");
    expect(await look(bench.at("a/x"), "")).toEqual({ kind: "found", path: bench.at("a/x") });
    expect(await look("./x", bench.at("a"))).toMatchObject({ kind: "missing", path: "" });
  });

  test.each([["none"], [".."], ["."], ["a\0b"], [""]])("%j is nowhere", async (file) => {
    expect((await look(file, bench.at("a"))).kind).toBe("missing");
  });
});

describe("on Windows (§2.6)", () => {
  const at = (files: readonly string[], env: Record<string, string>, cwd = "C:\\work") => ({
    platform: "win32" as const,
    env,
    cwd,
    // Names are the same in any case.
    executable: (path: string) =>
      Promise.resolve(files.some((file) => file.toLowerCase() === win32.resolve(cwd, path).toLowerCase())),
  });
  const BIN = "C:\\bin";
  test.each<[string, string, readonly string[], Record<string, string>, string | undefined]>([
    [".exe", "aws", ["C:\\bin\\aws.exe"], { PATH: BIN }, "C:\\bin\\aws.exe"],
    [".com", "aws", ["C:\\bin\\aws.com"], { PATH: BIN }, "C:\\bin\\aws.com"],
    [".cmd", "aws", ["C:\\bin\\aws.cmd"], { PATH: BIN }, "C:\\bin\\aws.cmd"],
    [".bat", "aws", ["C:\\bin\\aws.bat"], { PATH: BIN }, "C:\\bin\\aws.bat"],
    [".exe before .cmd", "aws", ["C:\\bin\\aws.cmd", "C:\\bin\\aws.exe"], { PATH: BIN }, "C:\\bin\\aws.exe"],
    [
      "in the order of PATHEXT",
      "aws",
      ["C:\\bin\\aws.cmd", "C:\\bin\\aws.exe"],
      { PATH: BIN, PATHEXT: ".CMD;EXE" },
      "C:\\bin\\aws.cmd",
    ],
    [
      "an ending that PATHEXT lacks",
      "aws",
      ["C:\\bin\\aws.cmd"],
      { PATH: BIN, PATHEXT: ".EXE;;" },
      undefined,
    ],
    [
      "names of variables in any case",
      "aws",
      ["C:\\bin\\aws.foo"],
      { Path: BIN, PathExt: ".foo" },
      "C:\\bin\\aws.foo",
    ],
    ["a name with its ending", "aws.cmd", ["C:\\bin\\aws.cmd"], { PATH: BIN }, "C:\\bin\\aws.cmd"],
    [
      "a name with a weird ending",
      "foo.bat",
      ["C:\\bin\\foo.bat.exe"],
      { PATH: BIN },
      "C:\\bin\\foo.bat.exe",
    ],
    [
      "a name with a dot and no such ending",
      "aws.v2",
      ["C:\\bin\\aws.v2.exe"],
      { PATH: BIN },
      "C:\\bin\\aws.v2.exe",
    ],
    ["no ending at all", "aws", ["C:\\bin\\aws"], { PATH: BIN }, undefined],
    [
      "the first directory",
      "aws",
      ["C:\\a\\aws.cmd", "C:\\b\\aws.exe"],
      { PATH: "C:\\a;C:\\b" },
      "C:\\a\\aws.cmd",
    ],
    ["a directory in quotes", "aws", ["C:\\a;b\\aws.exe"], { PATH: '"C:\\a;b";C:\\c' }, "C:\\a;b\\aws.exe"],
    ["an empty item", "aws", ["C:\\bin\\aws.exe"], { PATH: ";;C:\\bin" }, "C:\\bin\\aws.exe"],
    ["no PATH", "aws", ["C:\\bin\\aws.exe"], {}, undefined],
    ["a path", "C:\\bin\\aws.exe", ["C:\\bin\\aws.exe"], {}, "C:\\bin\\aws.exe"],
    ["a path without its ending", "C:\\bin\\aws", ["C:\\bin\\aws.bat"], {}, "C:\\bin\\aws.bat"],
    ["a path with slashes", "C:/bin/aws", ["C:\\bin\\aws.exe"], {}, "C:/bin/aws.exe"],
    ["a path that is not there", "C:\\bin\\aws", [], {}, undefined],
  ])("%s", async (_name, file, files, env, wanted) => {
    const found = await lookPath(file, at(files, env));
    expect(found.kind === "found" ? found.path : undefined).toBe(wanted);
  });

  test.each<[string, readonly string[], Record<string, string>, string | undefined]>([
    ["alone", ["C:\\work\\aws.exe"], { PATH: BIN }, undefined],
    ["and on PATH another", ["C:\\work\\aws.exe", "C:\\bin\\aws.exe"], { PATH: BIN }, undefined],
    ["and PATH names the directory", ["C:\\work\\aws.exe"], { PATH: "C:\\Work" }, "C:\\Work\\aws.exe"],
    ["by a relative item of PATH", ["C:\\work\\sub\\aws.exe"], { PATH: "sub" }, undefined],
    [
      "by a relative item, and elsewhere another",
      ["C:\\work\\sub\\aws.exe", "C:\\bin\\aws.exe"],
      { PATH: "sub;C:\\bin" },
      undefined,
    ],
    [
      "which is not looked at",
      ["C:\\work\\aws.exe", "C:\\bin\\aws.exe"],
      { PATH: BIN, NoDefaultCurrentDirectoryInExePath: "" },
      "C:\\bin\\aws.exe",
    ],
  ])("a hit in the working directory %s", async (_name, files, env, wanted) => {
    const found = await lookPath("aws", at(files, env));
    if (wanted === undefined)
      expect(found).toMatchObject({ kind: "missing", reason: `exec: "aws": ${RELATIVE}` });
    else expect(found).toEqual({ kind: "found", path: wanted });
  });
});

describe("a command", () => {
  test.each<[NodeJS.Platform, string, string, boolean]>([
    ["linux", "aws", "aws", true],
    ["linux", "./aws", "aws", true],
    ["linux", ".//bin/../aws", "aws", true],
    ["linux", "/bin//aws", "/bin/aws", false],
    ["linux", "/bin/aws/", "/bin/aws", false],
    ["linux", "../aws", "../aws", false],
    ["linux", "a\\b", "a\\b", true],
    ["linux", "/", "/", true],
    ["linux", ".", ".", true],
    ["linux", "", ".", true],
    ["win32", ".\\aws", "aws", true],
    ["win32", "C:/bin/aws.exe", "C:\\bin\\aws.exe", false],
    ["win32", "C:\\bin\\", "C:\\bin", false],
    ["win32", "C:\\", "C:\\", false],
    ["win32", "bin/aws", "bin\\aws", false],
  ])("%s: %j is cleaned to %j", (platform, command, clean, bare) => {
    expect(cleanPath(command, platform)).toBe(clean);
    expect(isBare(clean, platform)).toBe(bare && clean !== "/");
  });

  test("that is clean stays", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom<NodeJS.Platform>("linux", "win32"), (command, platform) => {
        const once = cleanPath(command, platform);
        expect(cleanPath(once, platform)).toBe(once);
      }),
    );
  });
});
