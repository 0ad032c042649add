import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { environment, kauth, newHome, PROGRAM } from "../program.ts";

let demo: Demo;
let home: Awaited<ReturnType<typeof newHome>>;
beforeAll(async () => {
  demo = await testDemo();
  home = await newHome();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

/** A kubeconfig with one user. */
const kubeconfigWith = async (name: string, user: unknown): Promise<string> => {
  const path = join(home.path, name);
  const config = {
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
};

/** Nothing in it is secret, and nobody signed it. */
const jwt = (claims: unknown): string =>
  `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("kauth token that %s ends before it has a token: exit %i", async (signal, wanted) => {
  const mark = join(home.path, `mark-${signal}`);
  const command = join(home.path, `slow-${signal}.sh`);
  await writeFile(command, `#!/bin/sh\n: >'${mark}'\nexec sleep 60\n`, { mode: 0o755 });
  const exec = { command, apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never" };
  const path = await kubeconfigWith(`slow-${signal}`, { exec });
  const [file = "", ...first] = PROGRAM;
  const env = environment(home.path);
  const child = spawn(file, [...first, "token", "--kubeconfig", path], { env, stdio: "ignore" });
  const begun = async (): Promise<boolean> =>
    await access(mark).then(
      () => true,
      () => false,
    );
  await expect.poll(begun, { timeout: 20_000 }).toBe(true);
  child.kill(signal);
  await once(child, "close");
  expect(child.exitCode).toBe(wanted);
});

describe("kauth token", () => {
  test("prints the token of the kubeconfig and nothing else, and dials nobody", async () => {
    const path = await kubeconfigWith("static", { token: "canary-token" });
    expect(await kauth(["token", "--kubeconfig", path])).toMatchObject({
      code: 0,
      stdout: "canary-token\n",
      stderr: "",
    });
    expect((await kauth(["token", "-v=9"], { KUBECONFIG: path })).stdout).toBe("canary-token\n");
  });

  test("a user whom the kubeconfig does not have is named", async () => {
    const path = await kubeconfigWith("absent", {});
    const config = (await readFile(path, "utf8")).replace('"user":"u"', '"user":"alicia"');
    await writeFile(path, config);
    const ended = await kauth(["token", "--kubeconfig", path]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain('the context names the user "alicia", whom the kubeconfig does not have');
  });

  test("--as gets none, since the token would be that of whoever asks", async () => {
    const path = await kubeconfigWith("as", { token: "canary-token" });
    const ended = await kauth(["token", "--kubeconfig", path, "--as", "bob"]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain('Cannot print a token of "bob"');
  });

  test("--token wins over the kubeconfig's", async () => {
    const path = await kubeconfigWith("other", { token: "canary-token" });
    expect((await kauth(["token", "--kubeconfig", path, "--token", "mine"])).stdout).toBe("mine\n");
  });

  test("gives what the plugin gives, which runs once", async () => {
    const calls = await demo.pluginCalls();
    const ended = await kauth(["token", "--kubeconfig", demo.kubeconfig]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^demo-[\w-]+\n$/);
    expect(demo.cluster.people.byToken(ended.stdout.trim(), Date.now())?.username).toBe(demo.user);
    expect((await demo.pluginCalls()) - calls).toBe(1);
  });

  test.each([
    {
      name: "a client certificate",
      user: { "client-certificate-data": "LS0=", "client-key-data": "LS0=" },
      says: "client certificate",
    },
    { name: "a password", user: { username: "alice", password: "canary" }, says: "user name and password" },
    { name: "nothing", user: {}, says: "nothing that identifies you" },
  ])("$name is no token: exit 2", async ({ user, says }) => {
    const path = await kubeconfigWith("no-token", user);
    for (const more of [[], ["--exec-credential"]]) {
      const ended = await kauth(["token", "--kubeconfig", path, ...more]);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain("NO_BEARER_TOKEN");
      expect(ended.stderr).toContain(says);
      expect(ended.stderr).not.toContain("canary");
    }
  });

  test.each([
    { name: "an operand", args: ["prod"], code: 2, says: "USAGE" },
    { name: "an unknown context", args: ["--context", "nope"], code: 2, says: "CONTEXT_UNKNOWN" },
    { name: "a plugin that is not there", args: [], code: 1, says: "EXEC_NOT_FOUND" },
  ])("$name", async ({ args, code, says }) => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "no-such-plugin-of-kauth",
      interactiveMode: "Never",
    };
    const path = await kubeconfigWith("plugin", { exec });
    const ended = await kauth(["token", "--kubeconfig", path, ...args]);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(says);
  });
});

describe("on a terminal", () => {
  const onTerminal = async (args: readonly string[]): Promise<{ code: number | null; said: string }> => {
    const path = await kubeconfigWith("terminal", { token: "canary-token" });
    const words = [...PROGRAM, "token", "--kubeconfig", path, ...args].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", words, "/dev/null"], {
      env: environment(home.path),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    return { code: child.exitCode, said };
  };

  test("it refuses and says why", async () => {
    const { code, said } = await onTerminal([]);
    expect(code).toBe(2);
    expect(said).toContain("TOKEN_ON_TERMINAL");
    expect(said).toContain("--show");
    expect(said).not.toContain("canary");
  });

  test("--show shows it", async () => {
    expect(await onTerminal(["--show"])).toEqual({ code: 0, said: "canary-token\r\n" });
  });
});

describe("as a credential plugin", () => {
  const answer = async (args: readonly string[], info?: string): ReturnType<typeof kauth> =>
    await kauth(
      ["token", "--exec-credential", ...args],
      info === undefined ? {} : { KUBERNETES_EXEC_INFO: info },
    );
  const infoOf = (version: string): string =>
    JSON.stringify({ kind: "ExecCredential", apiVersion: version, spec: { interactive: false } });
  const GROUP = "client.authentication.k8s.io";

  test.each([
    { name: "v1 by default", info: undefined, version: `${GROUP}/v1` },
    { name: "v1", info: infoOf(`${GROUP}/v1`), version: `${GROUP}/v1` },
    { name: "v1beta1", info: infoOf(`${GROUP}/v1beta1`), version: `${GROUP}/v1beta1` },
  ])("answers in $name", async ({ info, version }) => {
    const path = await kubeconfigWith("exec-static", { token: "opaque" });
    const ended = await answer(["--kubeconfig", path], info);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toEqual({
      kind: "ExecCredential",
      apiVersion: version,
      spec: {},
      status: { token: "opaque" },
    });
  });

  test.each([
    { name: "a version that nobody knows", info: infoOf(`${GROUP}/v1alpha1`), says: "v1alpha1" },
    { name: "no JSON", info: "{", says: "KUBERNETES_EXEC_INFO" },
    { name: "JSON of something else", info: "[]", says: "KUBERNETES_EXEC_INFO" },
  ])("refuses $name", async ({ info, says }) => {
    const path = await kubeconfigWith("exec-refused", { token: "canary-token" });
    const ended = await answer(["--kubeconfig", path], info);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
  });

  test("says when the token ends: as the plugin says, else as the token itself does", async () => {
    const plugin = await answer(["--kubeconfig", demo.kubeconfig]);
    const { status } = JSON.parse(plugin.stdout) as { status: { expirationTimestamp: string } };
    expect(Date.parse(status.expirationTimestamp)).toBeGreaterThan(Date.now());
    const token = jwt({ sub: "alice", exp: 2_000_000_000 });
    const path = await kubeconfigWith("exec-jwt", { token });
    const ended = await answer(["--kubeconfig", path]);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      status: { token, expirationTimestamp: "2033-05-18T03:33:20Z" },
    });
  });

  const kauthAsPlugin = (kubeconfig: string): unknown => ({
    exec: {
      apiVersion: `${GROUP}/v1`,
      command: PROGRAM[0],
      args: [...PROGRAM.slice(1), "token", "--exec-credential", "--kubeconfig", kubeconfig],
      interactiveMode: "Never",
    },
  });

  test("serves another kubeconfig", async () => {
    const inner = await kubeconfigWith("inner", { token: "of-the-inner-one" });
    const outer = await kubeconfigWith("outer", kauthAsPlugin(inner));
    expect((await kauth(["token", "--kubeconfig", outer])).stdout).toBe("of-the-inner-one\n");
  });

  test("that asks itself ends at once", async () => {
    const path = await kubeconfigWith("self", kauthAsPlugin(join(home.path, "self")));
    const ended = await kauth(["token", "--kubeconfig", path]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("EXEC_LOOP");
  });
});
