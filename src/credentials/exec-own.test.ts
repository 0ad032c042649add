import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { OwnCall } from "./exec-own.ts";
import type { ExecOptions } from "./exec.ts";
import { newBench, prints, tokenOf, V1, type Bench } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
  await mkdir(bench.at("bin"));
  for (const name of ["kauth", "kubelogin"]) {
    await writeFile(bench.at(`bin/${name}.js`), `#!/bin/sh\n${prints({ token: "spawned" })}\n`);
    await chmod(bench.at(`bin/${name}.js`), 0o755);
  }
  await symlink(bench.at("bin/kubelogin.js"), bench.at("kubelogin"));
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const ANSWER = JSON.stringify({
  apiVersion: V1,
  kind: "ExecCredential",
  status: { token: "in-process" },
});

interface Heard {
  readonly calls: OwnCall[];
  readonly get: (options?: ExecOptions) => Promise<string | undefined>;
}

/** A user whose plugin is the linked kubelogin, and kauth that runs from `bin/kauth.js`. */
const scene = async (
  exec: object = {},
  status: number | "hangs" = 0,
  change: object = {},
  mode = 0o600,
): Promise<Heard> => {
  const calls: OwnCall[] = [];
  const read = await bench.config({
    exec: { command: bench.at("kubelogin"), args: ["get-token", "--x=y"], ...exec },
  });
  const config = { ...read, userOriginFacts: { uid: process.getuid?.() ?? 0, mode } };
  const system = { ...bench.system, script: bench.at("bin/kauth.js"), ...change };
  return {
    calls,
    get: async (options = {}) => {
      const source = credentialSource(config, system, {
        own: (call) => {
          calls.push(call);
          if (call.args[0] !== "get-token") return undefined;
          call.err("error: it is closed\n");
          call.out(ANSWER);
          return status === "hangs" ? new Promise(() => undefined) : Promise.resolve(status);
        },
        ...options,
      });
      return tokenOf(await source.get());
    },
  };
};

describe("a plugin that is this very program", () => {
  test("runs in process, with its arguments and its environment", async () => {
    const env = [{ name: "MINE", value: "1" }];
    const { get, calls } = await scene({ env, interactiveMode: "Never" });
    expect(await get()).toBe("in-process");
    const [call] = calls;
    expect(call).toMatchObject({ name: "kubelogin", args: ["get-token", "--x=y"], interactive: false });
    expect(call?.env).toMatchObject({
      MINE: "1",
      KUBERNETES_EXEC_INFO: `{"kind":"ExecCredential","apiVersion":"${V1}","spec":{"interactive":false}}\n`,
    });
  });

  test.each([
    { name: "another command of ours", exec: { args: ["setup"] } },
    {
      name: "a variable that is read at the start only",
      exec: { env: [{ name: "NODE_EXTRA_CA_CERTS", value: "/x" }] },
    },
  ])("$name is spawned", async ({ exec }) => {
    expect(await (await scene(exec)).get()).toBe("spawned");
  });

  test("another program is spawned as it is written", async () => {
    const command = await bench.script(prints({ token: "another" }));
    const { get, calls } = await scene({ command });
    expect(await get()).toBe("another");
    expect(calls).toEqual([]);
  });

  test("and so is a program of that name elsewhere, and all where something else runs us", async () => {
    await mkdir(bench.at("other"));
    const command = await bench.script(prints({ token: "another" }), "other/kubelogin.js");
    expect(await (await scene({ command })).get()).toBe("another");
    const library = await scene({}, 0, { script: bench.at("server.js") });
    expect(await library.get()).toBe("spawned");
    expect(library.calls).toEqual([]);
  });

  test("a compiled program is that by its real path", async () => {
    const compiled = { script: undefined, execPath: bench.at("bin/kubelogin.js") };
    const { get, calls } = await scene({}, 0, compiled);
    expect(await get()).toBe("in-process");
    expect(calls[0]?.name).toBe("kubelogin");
  });
});

describe("the checks are those of every plugin (security.md R-N10)", () => {
  test("the policy", async () => {
    const { get, calls } = await scene();
    expect(await failureOf(get({ policy: { kind: "DenyAll" } }))).toMatchObject({ code: "EXEC_DENIED" });
    expect(
      await failureOf(get({ policy: { kind: "Allowlist", entries: ["/usr/bin/other"] } })),
    ).toMatchObject({ code: "EXEC_DENIED" });
    expect(calls).toEqual([]);
    expect(await get({ policy: { kind: "Allowlist", entries: [bench.at("kubelogin")] } })).toBe("in-process");
  });

  test("who may write the kubeconfig", async () => {
    const { get, calls } = await scene({}, 0, {}, 0o666);
    expect(await failureOf(get())).toMatchObject({ code: "KUBECONFIG_WRITABLE" });
    expect(calls).toEqual([]);
  });

  test("the terminal", async () => {
    const { get, calls } = await scene({ interactiveMode: "Always" });
    expect(await failureOf(get())).toMatchObject({ code: "EXEC_NOT_INTERACTIVE" });
    expect(calls).toEqual([]);
  });
});

describe("what fails is told as of any plugin", () => {
  test("with its exit status and its last words", async () => {
    const { get } = await scene({}, 1);
    expect(await failureOf(get())).toMatchObject({
      code: "EXEC_FAILED",
      message: `getting credentials: exec: executable ${bench.at("kubelogin")} failed with exit code 1\nIt said: error: it is closed`,
    });
  });

  test("after its time it is told to end", async () => {
    const { get, calls } = await scene({}, "hangs", { sleep: () => Promise.resolve() });
    expect(await failureOf(get())).toMatchObject({ code: "EXEC_TIMEOUT" });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  test("and with the program", async () => {
    const stop = new AbortController();
    const { get, calls } = await scene({}, "hangs");
    const waiting = get({ signal: stop.signal }).catch(() => "failed");
    await expect.poll(() => calls.length).toBe(1);
    stop.abort(new Error("over"));
    expect(await waiting).toBe("failed");
    expect(calls[0]?.signal.aborted).toBe(true);
  });
});
