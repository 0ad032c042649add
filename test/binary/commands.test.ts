import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { VERSION } from "../../src/base/version.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { SHELLS } from "../../src/cli/commands/completion.ts";
import { warmCache } from "../../tools/warm-cache.ts";
import { environment, kauth, newHome, PROGRAM } from "../program.ts";

const binary = PROGRAM[0] ?? "";

const runAs = async (name: string, args: readonly string[]): Promise<{ code: number; stdout: string }> => {
  await using home = await newHome();
  const child = spawn(join(dirname(binary), name), [...args], {
    env: environment(home.path),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  await once(child, "close");
  return { code: child.exitCode ?? -1, stdout };
};

describe("the binary", () => {
  test("is the one that was built", () => expect(binary).toMatch(/kauth$/));

  test.each(COMMANDS.map((command) => [command.path.join(" "), command] as const))(
    "%s shows its help",
    async (name, command) => {
      const ended = await kauth([...command.path, "--help"]);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout).toContain(`kauth ${name}`);
      for (const { command: example } of command.examples) expect(ended.stdout).toContain(example);
    },
  );

  test("tells its version", async () => {
    expect(await kauth(["--version"])).toMatchObject({ code: 0, stdout: `kauth ${VERSION}\n` });
    expect((await kauth(["version"])).stdout).toContain(VERSION);
  });

  test("cleans", async () => {
    expect((await kauth(["clean"])).code).toBe(0);
  });

  test.each(SHELLS)("completes in %s", async (shell) => {
    const ended = await kauth(["completion", shell]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("__complete");
  });

  test("refuses what it does not know", async () => {
    expect((await kauth(["opne"])).code).toBe(2);
    expect((await kauth(["open", "--flag-that-is-none", "svc/ui"])).code).toBe(2);
  });

  test("answers to a name that it was linked to", async () => {
    await using home = await newHome();
    const ended = await kauth(["link", "kubelogin", "--dir", home.path]);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const child = spawn(join(home.path, "kubelogin"), ["--version"], {
      env: environment(home.path),
      stdio: ["ignore", "pipe", "ignore"],
    });
    let stdout = "";
    child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
    await once(child, "close");
    expect(stdout).toBe(`kubelogin version ${VERSION}\n`);
  });

  test("answers as kubelogin does under its name", async () => {
    const ended = await runAs("kubectl-oidc_login", ["get-token", "--help"]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("kubectl oidc-login get-token");
    expect((await runAs("kubectl-oidc_login", ["get-token"])).code).toBe(1);
    expect((await runAs("kubectl_complete-oidc_login", ["get"])).stdout).toContain("get-token");
  });

  test("gives a token that is kept", async () => {
    await using home = await newHome();
    const words = await warmCache(home.path);
    const ended = await kauth(words);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ kind: "ExecCredential" });
  });

  test("is the plugin of kubectl under that name", async () => {
    const ended = await runAs("kubectl-auth_proxy", ["--help"]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("kubectl auth-proxy");
    expect((await runAs("kubectl_complete-auth_proxy", ["--tun"])).stdout).toContain("--tunnel");
  });
});
