import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { loadPluginPolicy, type PluginPolicy } from "../kubeconfig/index.ts";
import { permittedProgram, type Program } from "./exec-policy.ts";
import { newBench, prints, tokenOf, type Bench } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const NAME = "test-plugin.sh";

/** client-go's TestPluginPolicy (credentials.md §1.9, §2.5): the whole matrix, under its names. */
describe("TestPluginPolicy", () => {
  const both = [true, false] as const;
  const POLICIES: readonly string[] = ["", "AllowAll", "DenyAll", "Allowlist", "HIGHLYILLEGAL"];
  const LENGTHS = [-1, 0, 1, 3] as const;
  interface Row {
    readonly name: string;
    readonly policy: string;
    readonly length: (typeof LENGTHS)[number];
    readonly pluginExists: boolean;
    readonly entryExists: boolean;
    readonly pluginAbsolute: boolean;
    readonly entryAbsolute: boolean;
  }
  const exists = (what: string, is: boolean): string => `${is ? "existing" : "nonexistent"}-${what}-path`;
  const form = (what: string, is: boolean): string => `${is ? "absolute-path" : "basename"}-${what}`;
  const LISTS: Readonly<Record<number, string>> = {
    [-1]: "nil-allowlist",
    0: "empty-allowlist",
    1: "single-entry-allowlist",
    3: "multiple-entry-allowlist",
  };
  const rows = both.flatMap((pluginExists) =>
    both.flatMap((entryExists) =>
      both.flatMap((pluginAbsolute) =>
        both.flatMap((entryAbsolute) =>
          LENGTHS.flatMap((length) =>
            POLICIES.map((policy): Row => ({
              name: [
                `with-${policy === "" ? "unspecified" : policy.toLowerCase()}-policy`,
                LISTS[length],
                exists("plugin", pluginExists),
                exists("entry", entryExists),
                form("plugin", pluginAbsolute),
                form("entry", entryAbsolute),
              ].join("/"),
              policy,
              length,
              pluginExists,
              entryExists,
              pluginAbsolute,
              entryAbsolute,
            })),
          ),
        ),
      ),
    ),
  );

  /** A part of the message, or undefined where the plugin runs. */
  const wantedError = (row: Row): string | undefined => {
    switch (row.policy) {
      case "":
      case "AllowAll":
        if (row.length >= 0) return `plugin policy is "${row.policy}" but allowlist is non-nil`;
        return row.pluginExists ? undefined : row.pluginAbsolute ? "no such file or directory" : "not found";
      case "DenyAll":
        return row.length >= 0 ? "allowlist is non-nil" : 'policy set to "DenyAll"';
      case "Allowlist":
        if (row.length === -1) return "allowlist is unspecified";
        if (row.length === 0) return 'allowlist is empty; use "DenyAll" policy instead';
        if (!row.pluginExists && !row.entryExists && row.pluginAbsolute === row.entryAbsolute)
          // The list names the very thing that is not there.
          return row.pluginAbsolute ? "no such file or directory" : "not found";
        if (!row.pluginExists) return "cannot be resolved for credential plugin allowlist check";
        return row.entryExists ? undefined : "is not permitted by the credential plugin allowlist";
      default:
        return "unknown plugin policy";
    }
  };

  const allowlist = (row: Row): string => {
    if (row.length === -1) return "";
    const missing = row.entryAbsolute ? "/this/path/does/not/exist" : "does not exist";
    const entry = row.entryExists ? (row.entryAbsolute ? bench.at(NAME) : NAME) : missing;
    const entries = ["foo-1", entry, "foo-2"].slice(
      row.length === 3 ? 0 : 1,
      row.length === 3 ? 3 : 1 + row.length,
    );
    return `credentialPluginAllowlist: ${JSON.stringify(entries.map((command) => ({ command })))}\n`;
  };

  test("it is whole", () => {
    expect([rows.length, new Set(rows.map(({ name }) => name)).size]).toEqual([320, 320]);
  });

  test.each(rows)("$name", async (row) => {
    const path = await bench.script(prints({ token: "foo-bar" }), NAME);
    await writeFile(
      bench.at("kuberc"),
      `apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: "${row.policy}"\n${allowlist(row)}`,
    );
    const system = { ...bench.system, env: { PATH: `${bench.directory}:${process.env["PATH"]}` } };
    const missing = row.pluginAbsolute ? "/this/path/does/not/exist" : "does not exist";
    const command = row.pluginExists ? (row.pluginAbsolute ? path : NAME) : missing;
    const config = await bench.config({ exec: { command } });
    const outcome = async (): Promise<string | undefined> => {
      const policy = await loadPluginPolicy(system, { explicit: bench.at("kuberc") });
      return tokenOf(await credentialSource(config, system, { policy }).get());
    };
    const wanted = wantedError(row);
    if (wanted === undefined) {
      expect([await outcome(), await bench.runs()]).toEqual(["foo-bar", 1]);
      return;
    }
    expect((await failureOf(outcome())).message).toContain(wanted);
    expect(await bench.runs()).toBe(0);
  });
});

const run = async (
  policy: PluginPolicy,
  command: string,
  path = "",
): Promise<KnownError | string | undefined> => {
  const system = { ...bench.system, env: { PATH: `${path}:${process.env["PATH"]}` } };
  const source = credentialSource(await bench.config({ exec: { command } }), system, { policy });
  try {
    return tokenOf(await source.get());
  } catch (error) {
    if (error instanceof KnownError) return error;
    throw error;
  }
};

describe("texts of §1.9", () => {
  test("DenyAll: exit 2, and nothing was started (R-I1)", async () => {
    const path = await bench.script(prints({ token: "t" }));
    const error = await run({ kind: "DenyAll" }, path);
    expect(error).toMatchObject({
      code: "EXEC_DENIED",
      exit: 2,
      message: `getting credentials: plugin "${path}" not allowed: policy set to "DenyAll"`,
    });
    expect(await bench.runs()).toBe(0);
  });

  test("not on the list", async () => {
    const path = await bench.script(prints({ token: "t" }));
    const error = await run({ kind: "Allowlist", entries: ["other", "/bin/sh"] }, path);
    expect(error).toMatchObject({
      code: "EXEC_DENIED",
      exit: 2,
      message: `getting credentials: plugin path "${path}" is not permitted by the credential plugin allowlist`,
    });
    expect(await bench.runs()).toBe(0);
  });

  test("cannot be resolved", async () => {
    expect(await run({ kind: "Allowlist", entries: ["other"] }, "no-such-plugin")).toMatchObject({
      code: "EXEC_DENIED",
      message:
        'getting credentials: plugin path "no-such-plugin" cannot be resolved for credential plugin allowlist check: ' +
        'exec: "no-such-plugin": executable file not found in $PATH',
    });
  });

  test("a policy that is unknown never comes here, a list that allows it does not make it exist", async () => {
    expect(await run({ kind: "Allowlist", entries: ["no-such-plugin"] }, "no-such-plugin")).toMatchObject({
      code: "EXEC_NOT_FOUND",
    });
  });
});

describe("what is allowed is what is run", () => {
  test("of two programs of one name the first on PATH is judged and run", async () => {
    await bench.script(prints({ token: "mine" }), "plugin.sh");
    expect(
      await run({ kind: "Allowlist", entries: [bench.at("plugin.sh")] }, "plugin.sh", bench.directory),
    ).toBe("mine");
  });

  test("a program of the same name elsewhere is not allowed by a bare entry", async () => {
    const path = await bench.script(prints({ token: "t" }), "sh");
    expect(await run({ kind: "Allowlist", entries: ["sh"] }, path)).toMatchObject({ code: "EXEC_DENIED" });
    expect(await bench.runs()).toBe(0);
  });

  test("a command that is not clean is cleaned before it is compared", async () => {
    const path = await bench.script(prints({ token: "t" }));
    const unclean = path.replace("/plugin.sh", "//x/.././plugin.sh");
    expect(await run({ kind: "Allowlist", entries: [path] }, unclean)).toBe("t");
  });

  test("a relative entry allows a relative command, as it stands (metrics_test)", async () => {
    const around = {
      ...bench.system,
      executable: (path: string) => Promise.resolve(path.startsWith("testdata/")),
    };
    const ask = async (entry: string): Promise<Program> =>
      await permittedProgram("testdata/test-plugin.sh", { kind: "Allowlist", entries: [entry] }, around);
    const found = { kind: "found", path: "testdata/test-plugin.sh" };
    expect(await ask("testdata/test-plugin.sh")).toEqual(found);
    expect(await failureOf(ask("testdata/other.sh"))).toMatchObject({ code: "EXEC_DENIED" });
  });
});

describe("on Windows", () => {
  const FILES = ["C:\\bin\\aws.exe", "C:\\bin\\aws.cmd", "C:\\other\\aws.exe"];
  const around = {
    platform: "win32",
    env: { Path: "C:\\bin", PATHEXT: ".EXE;.CMD" },
    cwd: "C:\\work",
    executable: (path: string) => Promise.resolve(FILES.includes(path)),
  } as const;
  test.each<[string, string, readonly string[], string | undefined]>([
    ["a bare name by its name", "aws", ["aws"], "C:\\bin\\aws.exe"],
    ["a bare name by its path", "aws", ["C:\\bin\\aws.exe"], "C:\\bin\\aws.exe"],
    ["a path by its path", "C:\\bin\\aws.exe", ["C:\\bin\\aws.exe"], "C:\\bin\\aws.exe"],
    ["a path without its ending", "C:\\bin\\aws", ["C:\\bin\\aws"], "C:\\bin\\aws.exe"],
    ["a path by its bare name", "C:\\bin\\aws.exe", ["aws.exe"], "C:\\bin\\aws.exe"],
    ["another directory's", "C:\\other\\aws.exe", ["aws.exe"], undefined],
  ])("%s", async (_name, command, entries, wanted) => {
    const asked = permittedProgram(command, { kind: "Allowlist", entries }, around);
    if (wanted === undefined) expect((await failureOf(asked)).code).toBe("EXEC_DENIED");
    else expect(await asked).toEqual({ kind: "found", path: wanted });
  });

  test("a path that is not there is the not-found form too", async () => {
    expect(await permittedProgram("C:\\bin\\none.exe", { kind: "AllowAll" }, around)).toEqual({
      kind: "missing",
    });
  });
});
