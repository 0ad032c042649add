import { mkdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { ExecCall, ExecOptions } from "./exec.ts";
import { BETA, newBench, prints, tokenOf, V1, type Bench } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const TOKEN = prints({ token: "t" });

describe("what a plugin gets (§2.1)", () => {
  /** The environment as the kernel gave it, and the arguments, one a line. */
  const TELL = `cat /proc/$$/environ >"$0.env"\nfor word in "$@"; do printf '[%s]\\n' "$word"; done >"$0.args"\n${TOKEN}`;

  test.each([[V1], [BETA]])("%s: its environment in order, the info last", async (apiVersion) => {
    const command = await bench.script(TELL.replace(V1, apiVersion));
    const env = [
      { name: "TWICE", value: "1" },
      { name: "MINE", value: "2" },
      { name: "TWICE", value: "3" },
      { name: "KUBERNETES_EXEC_INFO", value: "mine" },
    ];
    const config = await bench.config({ exec: { command, apiVersion, env } });
    const parent = {
      KUBERNETES_EXEC_INFO: "old",
      PATH: process.env["PATH"],
      TWICE: "0",
      HTTPS_PROXY: "http://p",
      LAST: "x",
    };
    await credentialSource(config, { ...bench.system, env: parent }).get();
    expect(
      (await bench.read("plugin.sh.env")).split("\0").map((entry) => entry.replace(/^PATH=.*/, "PATH")),
    ).toEqual([
      "PATH",
      "HTTPS_PROXY=http://p",
      "LAST=x",
      "MINE=2",
      "TWICE=3",
      `KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"${apiVersion}","spec":{"interactive":false}}\n`,
      "",
    ]);
  });

  test("its arguments without a shell (R-I2)", async () => {
    const args = [";touch x", "$(touch x)", "a b", "", "*", "'\"", "é\n"];
    const config = await bench.config({ exec: { command: await bench.script(TELL), args } });
    await credentialSource(config, bench.system).get();
    expect(await bench.read("plugin.sh.args")).toBe(args.map((word) => `[${word}]\n`).join(""));
  });

  test("PATH is kauth's, not the plugin's own", async () => {
    await mkdir(bench.at("a"));
    await mkdir(bench.at("b"));
    await bench.script(prints({ token: "a" }), "a/login");
    await bench.script(prints({ token: "b" }), "b/login");
    const env = [{ name: "PATH", value: `${bench.at("b")}:${process.env["PATH"]}` }];
    const config = await bench.config({ exec: { command: "login", env } });
    const system = { ...bench.system, env: { PATH: bench.at("a") } };
    expect(tokenOf(await credentialSource(config, system).get())).toBe("a");
  });

  test("a relative command is relative to the kubeconfig, not to where kauth runs", async () => {
    await mkdir(bench.at("bin"));
    await bench.script(TOKEN, "bin/login");
    const config = await bench.config({ exec: { command: "./bin/../bin/login" } });
    expect(config.user.exec?.command).toBe(bench.at("bin/login"));
    expect(tokenOf(await credentialSource(config, { ...bench.system, cwd: "/" }).get())).toBe("t");
  });

  test("a command that is not clean is cleaned, as since client-go 1.35", async () => {
    const path = await bench.script(`echo >"$0.name"\nexit 9`);
    const config = await bench.config({
      exec: { command: path.replace("/plugin.sh", "//./x/../plugin.sh/") },
    });
    const { message } = await failureOf(credentialSource(config, bench.system).get());
    expect(message).toBe(`getting credentials: exec: executable ${path} failed with exit code 9`);
  });
});

describe("the order of what can be wrong", () => {
  test.each<[string, object, ExecOptions, string]>([
    [
      "a version that is unknown",
      { apiVersion: "v1", interactiveMode: "Always" },
      {},
      'exec plugin: invalid apiVersion "v1"',
    ],
    [
      "v1alpha1",
      { apiVersion: "client.authentication.k8s.io/v1alpha1" },
      {},
      'exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"',
    ],
    [
      "the terminal before the policy",
      { interactiveMode: "Always" },
      { policy: { kind: "DenyAll" } },
      "getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal",
    ],
    [
      "the policy before its existence",
      { command: "no-such-plugin" },
      { policy: { kind: "DenyAll" } },
      'getting credentials: plugin "no-such-plugin" not allowed: policy set to "DenyAll"',
    ],
  ])("%s", async (_name, exec, options, wanted) => {
    const config = await bench.config({ exec: { command: await bench.script(TOKEN), ...exec } });
    const get = async (): Promise<unknown> => await credentialSource(config, bench.system, options).get();
    expect((await failureOf(get())).message).toBe(wanted);
    expect(await bench.runs()).toBe(0);
  });
});

/** client-go's metrics_test (credentials.md §2.4, §2.5): what its counters count is what a listener hears. */
describe("what is told of a run", () => {
  const heard = async (exec: object, options: ExecOptions = {}): Promise<ExecCall> => {
    const calls: ExecCall[] = [];
    const config = await bench.config({ exec });
    await credentialSource(config, bench.system, { ...options, onCall: (call) => calls.push(call) })
      .get()
      .catch((): void => undefined);
    expect(calls.length).toBe(1);
    return (
      calls[0] ?? {
        policy: "",
        status: "client_internal_error",
        code: -1,
        path: undefined,
        took: bench.system.monotonic(),
      }
    );
  };

  test.each([0, 1, 2, 0])("exit %i, twice", async (code) => {
    const command = await bench.script(`${TOKEN}\nexit ${code}`);
    for (let turn = 0; turn < 2; turn += 1)
      expect(await heard({ command })).toMatchObject({
        policy: "allowed",
        status: code === 0 ? "no_error" : "plugin_execution_error",
        code,
        path: command,
      });
  });

  test.each([["does not exist"], ["./does not exist"], ["/does/not/exist"]])(
    "missing: %s",
    async (command) => {
      expect(await heard({ command })).toMatchObject({ status: "plugin_not_found_error", code: 1 });
    },
  );

  test("killed by a signal", async () => {
    const command = await bench.script("kill -9 $$");
    expect(await heard({ command })).toMatchObject({ status: "client_internal_error", code: 1 });
  });

  test.each<[string, ExecOptions["policy"] | undefined, string]>([
    ["no policy", undefined, "allowed"],
    ["AllowAll", { kind: "AllowAll" }, "allowed"],
    ["DenyAll", { kind: "DenyAll" }, "denied"],
    ["a list that has it", { kind: "Allowlist", entries: ["PATH"] }, "allowed"],
    ["a list that has it not", { kind: "Allowlist", entries: ["other"] }, "denied"],
  ])("%s", async (_name, policy, wanted) => {
    const command = await bench.script(TOKEN);
    const own =
      policy?.kind === "Allowlist"
        ? { ...policy, entries: policy.entries.map((entry) => entry.replace("PATH", command)) }
        : policy;
    expect((await heard({ command }, own === undefined ? {} : { policy: own })).policy).toBe(wanted);
  });

  test("the time it took", async () => {
    const command = await bench.script(TOKEN);
    const { system } = bench;
    let now = 1_000;
    Object.assign(bench, { system: { ...system, now: () => (now += 250) } });
    expect((await heard({ command })).took).toBeGreaterThanOrEqual(250);
  });
});

test("no value that the kubeconfig gives in a variable is shown, whatever its name (R-H2)", async () => {
  const command = await bench.script('echo "got $MY_KEY" >&2; exit 3');
  const exec = { command, env: [{ name: "MY_KEY", value: "canary-9" }] };
  const { message } = await failureOf(credentialSource(await bench.config({ exec }), bench.system).get());
  expect(bench.said).toContain("got [redacted]");
  expect(message + bench.said).not.toContain("canary");
});
