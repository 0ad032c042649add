import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environment, newHome, PROGRAM } from "../../test/program.ts";
import { recorded, type Recorded } from "../../test/recorded.ts";
import { KnownError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { run, tellError } from "./run.ts";

const runIn = async (under: Recorded, args: readonly string[], program = "kauth"): Promise<number> =>
  await run({ args, program, signal: new AbortController().signal, system: under.system });

describe("what is printed, and the exit status", () => {
  test.each([
    { args: ["--version"], status: 0, out: `kauth ${VERSION}`, err: "" },
    { args: ["version"], status: 0, out: `kauth ${VERSION} (`, err: "" },
    { args: [], status: 0, out: "kauth open headlamp", err: "" },
    { args: ["--help"], status: 0, out: "Commands:", err: "" },
    { args: ["help", "open"], status: 0, out: "Usage: kauth open", err: "" },
    { args: ["open", "-h"], status: 0, out: "Usage: kauth open", err: "" },
    { args: ["opne"], status: 2, out: "", err: "Did you mean kauth open?" },
    { args: ["svc/ui"], status: 2, out: "", err: "To open it: kauth open svc/ui" },
    { args: ["deploy/ui"], status: 2, out: "", err: "To open it: kauth open deploy/ui" },
    { args: ["https://ui.apps.svc"], status: 2, out: "", err: "kauth open https://ui.apps.svc" },
    { args: ["version", "extra"], status: 2, out: "", err: 'unexpected "extra"' },
    { args: ["clean", "extra"], status: 2, out: "", err: 'unexpected "extra"' },
    { args: ["demo", "extra"], status: 2, out: "", err: 'unexpected "extra"' },
    { args: ["open"], status: 2, out: "", err: "[KUBECONFIG_EMPTY]" },
    { args: ["open", "--list", "svc/a"], status: 2, out: "", err: 'Cannot list and open "svc/a"' },
    { args: ["open", "svc/a", "--service-account=a"], status: 2, out: "", err: "must be NAMESPACE/NAME" },
    { args: ["open", "svc/a", "8080"], status: 2, out: "", err: "ports are no target" },
    { args: ["open", "svc/a", "svc/b@"], status: 2, out: "", err: "no context stands behind" },
    { args: ["open", "svc/ui", "--exec-timeout=0"], status: 2, out: "", err: "above 0" },
    { args: ["open", "svc/ui", "--tunnel=carrier-pigeon"], status: 2, out: "", err: "auto, spdy, websocket" },
    { args: ["open", "svc/ui", "--address=0.0.0.0:1"], status: 2, out: "", err: "[LISTEN_ADDRESS]" },
    {
      args: ["open", "svc/ui", "--as-group=admins", "-s", "https://127.0.0.1:1"],
      status: 2,
      out: "",
      err: "without impersonating a user",
    },
    { args: ["open", "svc/ui", "--upstream-ca=/nowhere"], status: 2, out: "", err: "--upstream-ca" },
    { args: ["open", "svc/ui", "--kubeconfig=/nowhere"], status: 2, out: "", err: "[KUBECONFIG_MISSING]" },
    { args: ["open", "ingress/ui"], status: 2, out: "", err: "[TARGET_INVALID]" },
  ])("$args", async ({ args, status, out, err }) => {
    await using under = await recorded();
    expect(await runIn(under, args)).toBe(status);
    expect(under.out.join("\n")).toContain(out);
    expect(under.err.join("\n")).toContain(err);
    if (out === "") expect(under.out).toEqual([]);
    if (err === "") expect(under.err).toEqual([]);
  });

  test("alone it says which kubeconfig is not there", async () => {
    await using under = await recorded();
    expect(await runIn(under, [])).toBe(0);
    expect(under.out.join("\n")).toContain(
      `  kubeconfig  ${join(under.home, ".kube", "config")} (not there)`,
    );
  });

  test("under kauthproxy's name every failure is 1, and help names that program", async () => {
    await using under = await recorded();
    expect(await runIn(under, [], "kubectl-auth_proxy")).toBe(1);
    expect(await runIn(under, ["--adress=x"], "kubectl-auth_proxy")).toBe(1);
    expect(await runIn(under, ["--help"], "kubectl-auth_proxy")).toBe(0);
    expect(under.out.join("\n")).toContain("Usage: kubectl auth-proxy");
  });

  test("and it takes what kauthproxy took: --version, and localhost as an address", async () => {
    await using under = await recorded();
    expect(await runIn(under, ["--version"], "kubectl-auth_proxy")).toBe(0);
    expect(under.out).toEqual([`kauth ${VERSION}`]);
    const words = ["svc/ui", "--address=localhost:0", "--kubeconfig=/nowhere"];
    expect(await runIn(under, words, "kubectl-auth_proxy")).toBe(1);
    expect(under.err.join("")).toContain("[KUBECONFIG_MISSING]");
    expect(await runIn(under, ["open", ...words])).toBe(2);
    expect(under.err.join("")).toContain("[LISTEN_ADDRESS]");
  });

  test("its hints name it as it was called", async () => {
    await using under = await recorded();
    expect(await runIn(under, ["svc/a", "8080"], "kubectl-auth_proxy")).toBe(1);
    expect(under.err.join("\n")).toContain(": kubectl auth-proxy svc/a:8080 ");
  });

  test.each([
    { args: ["open", "svc/ui", "-o", "json", "--kubeconfig=/nowhere"], code: "KUBECONFIG_MISSING" },
    { args: ["open", "svc/ui", "-o=json", "--kubeconfig=/nowhere"], code: "KUBECONFIG_MISSING" },
    { args: ["whoami", "-ojson", "--kubeconfig=/nowhere"], code: "KUBECONFIG_MISSING" },
    { args: ["open", "--output=json", "--teh-option"], code: "USAGE" },
    { args: ["open", "--output", "json"], code: "USAGE" },
  ])("a failure is an event too: $args", async ({ args, code }) => {
    await using under = await recorded();
    expect(await runIn(under, args)).toBe(2);
    expect(under.out).toHaveLength(1);
    expect(JSON.parse(under.out[0] ?? "")).toEqual({
      event: "error",
      code,
      message: under.err[0]?.replace(/^error: | \[\w+\]$/g, ""),
      next: under.err[1],
    });
  });

  test("config.yaml and variables can ask for JSON as well", async () => {
    await using under = await recorded({ KAUTH_OPEN_OUTPUT: "json" });
    expect(await runIn(under, ["open", "svc/ui", "--kubeconfig=/nowhere"])).toBe(2);
    expect(under.out.join("")).toContain('"event":"error"');
  });

  test("completion for kubectl has its directive", async () => {
    await using under = await recorded();
    expect(await runIn(under, ["--tunn"], "kubectl_complete-auth_proxy")).toBe(0);
    expect(under.out).toEqual(["--tunnel", ":4"]);
  });

  test("a broken config.yaml stops a command, and not its help", async () => {
    await using under = await recorded({ KAUTH_CONFIG: "/nowhere" });
    expect(await runIn(under, ["version"])).toBe(2);
    expect(await runIn(under, ["version", "--help"])).toBe(0);
  });

  test("it stops neither clean nor doctor, which tell it", async () => {
    await using under = await recorded({ KAUTH_CONFIG: "/nowhere" });
    expect(await runIn(under, ["clean"])).toBe(0);
    expect(under.err.join("\n")).toContain('Warning: Cannot read "/nowhere"');
    expect(await runIn(under, ["doctor"])).toBe(1);
    expect(under.out[0]).toMatch(/^✗ config\.yaml {4}Cannot read "\/nowhere".*\[CONFIG_INVALID\]$/);
    expect(under.out.join("\n")).toContain("kubeconfig");
  });

  test("a value that a variable gives is blamed on the variable", async () => {
    await using under = await recorded({ KAUTH_OPEN_TUNNEL: "x" });
    expect(await runIn(under, ["open", "svc/ui"])).toBe(2);
    expect(under.err[0]).toContain(
      'Cannot use KAUTH_OPEN_TUNNEL="x": it must be one of auto, spdy, websocket',
    );
  });
});

describe("what cannot be written", () => {
  const into = async (
    target: string,
    args: readonly string[],
  ): Promise<{ code: number | null; said: string }> => {
    await using home = await newHome();
    const file = await open(target, "w");
    const [program = "", ...first] = PROGRAM;
    const child = spawn(program, [...first, ...args], {
      env: environment(home.path),
      stdio: ["ignore", file.fd, "pipe"],
    });
    let said = "";
    child.stderr?.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    await file.close();
    return { code: child.exitCode, said };
  };

  test
    .runIf(existsSync("/dev/full"))
    .each([
      { args: ["token", "--token", "canary", "-s", "https://127.0.0.1:1"] },
      { args: ["doctor", "--kubeconfig", "/nowhere"] },
      { args: ["version"] },
      { args: ["--help"] },
      { args: [] },
    ])("$args: is a failure, and said", async ({ args }) => {
    const { code, said } = await into("/dev/full", args);
    expect(said).toMatch(/^error: Cannot write to standard output: ENOSPC.*\[OUTPUT_FAILED\]\n/);
    expect(code).toBe(1);
  });

  test("a reader that has left is no failure", async () => {
    const program = PROGRAM.map((word) => `'${word}'`).join(" ");
    const child = spawn("bash", ["-c", `{ ${program} --help; echo "status $?" >&2; } | true`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said).toBe("status 0\n");
  });
});

describe("an error as a person reads it", () => {
  test("has message, code and next step; causes only at -v=4", async () => {
    await using under = await recorded();
    const cause = new Error("socket hang up");
    const error = new KnownError("CONNECTION_LOST", "Cannot go on", { cause, hint: "Look at the network" });
    expect(tellError(error, under.system())).toBe(1);
    expect(under.err).toEqual(["error: Cannot go on [CONNECTION_LOST]", "Look at the network"]);
    tellError(error, under.system(4));
    expect(under.err).toContain("  because: socket hang up");
  });

  test("is a fault of ours with 70, its stack only at -v=4", async () => {
    await using under = await recorded();
    expect(tellError(new TypeError("x is undefined"), under.system())).toBe(70);
    expect(under.err[0]).toBe("error: kauth met a fault of its own: x is undefined");
    expect(under.err.join("\n")).not.toContain("run.test.ts");
    tellError(new TypeError("x is undefined"), under.system(4));
    expect(under.err.join("\n")).toContain("run.test.ts");
  });

  test("is none when the person has ended it, but for what is known", async () => {
    await using under = await recorded();
    const ended = AbortSignal.abort();
    expect(tellError(new Error("aborted"), under.system(), { signal: ended })).toBe(0);
    expect(tellError(new KnownError("NO_READY_POD", "x"), under.system(), { signal: ended })).toBe(1);
  });

  test("cannot move the cursor or show a token", async () => {
    await using under = await recorded();
    tellError(new KnownError("API_FAILED", "\u001B[2Jboo Bearer abcdefghijklmnop"), under.system());
    expect(under.err.join("")).not.toContain("\u001B");
    expect(under.err.join("")).not.toContain("abcdefghijklmnop");
  });
});
