import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { environment, kauth, newHome, PROGRAM } from "../../test/program.ts";
import { checkRuntime } from "./hardening.ts";

describe("the runtime", () => {
  test.each([
    { node: "22.22.2", warnings: 0 },
    { node: "24.14.1", warnings: 0 },
    { node: "24.21.0", warnings: 0 },
    { node: "26.0.0", warnings: 0 },
    { node: "22.22.1", warnings: 1 },
    { node: "22.9.0", warnings: 1 },
    { node: "24.14.0", warnings: 1 },
    { node: undefined, warnings: 0 },
  ])("Node $node gets $warnings warnings", ({ node, warnings }) => {
    expect(checkRuntime({}, node).length).toBe(warnings);
  });

  test.each(["20.20.2", "18.0.0"])("Node %s is refused, exit 2", (node) => {
    expect(() => checkRuntime({}, node)).toThrow(
      expect.objectContaining({
        code: "UNSAFE_ENVIRONMENT",
        exit: 2,
        message: expect.stringContaining(node),
        hint: expect.stringMatching(/^Install Node 22 or newer, or use the kauth binary/),
      }),
    );
  });

  test.each([
    { env: { NODE_OPTIONS: "--inspect=0" }, warns: ["NODE_OPTIONS=--inspect=0 lets"] },
    { env: { NODE_OPTIONS: "--tls-keylog=x" }, warns: ["NODE_OPTIONS=--tls-keylog=x lets"] },
    { env: { SSLKEYLOGFILE: "x" }, warns: ["SSLKEYLOGFILE=x lets"] },
    { env: { NODE_OPTIONS: "--max-old-space-size=512" }, warns: [] },
    { env: { NODE_TLS_REJECT_UNAUTHORIZED: "1" }, warns: [] },
  ])("$env gets the warnings $warns", ({ env, warns }) => {
    const warnings = checkRuntime(env, "24.21.0");
    expect(warnings.map((each) => each.replace(" others read what kauth sends", ""))).toEqual(warns);
  });
});

describe("the program", () => {
  test("does not run where certificates would not be checked", async () => {
    const ended = await kauth(["version"], { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("UNSAFE_ENVIRONMENT");
  });

  test("opens no inspector on SIGUSR1", async () => {
    const [file = "", ...first] = PROGRAM;
    const child = spawn(file, [...first, "demo", "--skip-open-browser"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    await expect.poll(() => said, { timeout: 15_000 }).toContain("__kauth/launch");
    child.kill("SIGUSR1");
    child.kill("SIGTERM");
    await once(child, "close");
    // Node says so on stderr when it opens one.
    expect(said).not.toMatch(/debugger/i);
    expect(child.exitCode).toBe(0);
  });

  test("writes no report, which would hold the environment", async () => {
    await using home = await newHome();
    const [file = "", ...first] = PROGRAM;
    const options = `--report-on-signal --report-directory=${home.path}`;
    const child = spawn(file, [...first, "demo", "--skip-open-browser"], {
      env: environment(home.path, { NODE_OPTIONS: options }),
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    await expect.poll(() => said, { timeout: 15_000 }).toContain("__kauth/launch");
    child.kill("SIGUSR2");
    child.kill("SIGTERM");
    await once(child, "close");
    expect((await readdir(home.path)).filter((name) => name.startsWith("report"))).toEqual([]);
  });
});
