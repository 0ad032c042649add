import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { environment, kauth, PROGRAM } from "../program.ts";

/** Plugins as the whole program runs them; no cluster is there. */

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-plugin-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const at = (name: string): string => join(directory, name);
const TOKEN = `echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t-1"}}'`;

/** A kubeconfig whose plugin notes that it ran. */
const kubeconfig = async (body = TOKEN, interactiveMode = "IfAvailable"): Promise<string> => {
  await writeFile(at("plugin.sh"), `#!/bin/sh\necho $$ >>"$0.ran"\n${body}\n`, { mode: 0o755 });
  const exec = { command: "./plugin.sh", apiVersion: "client.authentication.k8s.io/v1", interactiveMode };
  const text = JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "u", user: { exec } }],
  });
  await writeFile(at("config"), text, { mode: 0o600 });
  return at("config");
};
const ran = async (): Promise<boolean> =>
  await readFile(at("plugin.sh.ran")).then(
    () => true,
    () => false,
  );
const HEAD = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
const DENY = `${HEAD}credentialPluginPolicy: DenyAll\n`;
const put = async (name: string, text: string): Promise<string> => {
  await writeFile(at(name), text);
  return at(name);
};

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ["token", ["token"]],
  ["open", ["open", "svc/ui", "--skip-open-browser", "--address=127.0.0.1:0"]],
];

describe.each(COMMANDS)("kauth %s and the policy of kuberc (R-I1, §1.9)", (_name, command) => {
  test("--kuberc with DenyAll: exit 2, and the plugin was not started", async () => {
    const args = [...command, "--kubeconfig", await kubeconfig(), "--kuberc", await put("deny", DENY)];
    const { code, stdout, stderr } = await kauth(args);
    expect([code, stdout, await ran()]).toEqual([2, "", false]);
    expect(stderr.split("\n")[0]).toBe(
      `error: getting credentials: plugin "${at("plugin.sh")}" not allowed: policy set to "DenyAll" [EXEC_DENIED]`,
    );
  });

  test("--kuberc that is not there: exit 2, whoever signs in", async () => {
    const args = [...command, "--kubeconfig", await kubeconfig(), "--kuberc", at("none")];
    const { code, stderr } = await kauth(args);
    expect([code, await ran()]).toEqual([2, false]);
    expect(stderr).toContain("error: kuberc error kuberc: ");
  });

  test("a kubeconfig that everybody may write: exit 2, and the flag that overrides it", async () => {
    const file = await kubeconfig();
    await chmod(file, 0o666);
    const refused = await kauth([...command, "--kubeconfig", file]);
    expect([refused.code, await ran()]).toEqual([2, false]);
    expect(refused.stderr).toContain("[KUBECONFIG_WRITABLE]");
    const allowed = await kauth([...command, "--kubeconfig", file, "--allow-writable-kubeconfig"]);
    expect(await ran()).toBe(true);
    expect(allowed.stderr).toContain("Warning: Running the credential plugin of kubeconfig");
  });
});

const ALL_COMMANDS: typeof COMMANDS = [...COMMANDS, ["whoami", ["whoami"]], ["doctor", ["doctor"]]];

test.each(ALL_COMMANDS)(
  "kauth %s does not run the program of auth provider gcp against ~/.kube/kuberc (R-N10)",
  async (_name, command) => {
    const file = await kubeconfig();
    const text = JSON.parse(await readFile(file, "utf8")) as { users: unknown[] };
    const config = { "cmd-path": at("plugin.sh") };
    text.users = [{ name: "u", user: { "auth-provider": { name: "gcp", config } } }];
    await writeFile(file, JSON.stringify(text));
    await mkdir(at(".kube"));
    await put(".kube/kuberc", DENY);
    const { code, stdout, stderr } = await kauth([...command, "--kubeconfig", file], { HOME: directory });
    expect([code, await ran()]).toEqual([command[0] === "doctor" ? 1 : 2, false]);
    expect(stdout + stderr).toContain("EXEC_DENIED");
    expect(stdout).not.toContain("no credential plugin is asked");
  },
);

test.runIf(process.platform === "linux")(
  "a kubeconfig that comes through a pipe belongs to nobody else",
  async () => {
    const words = [...PROGRAM, "token", "--kubeconfig", "/dev/stdin"].map((word) => `'${word}'`).join(" ");
    const file = await kubeconfig(TOKEN, "Never");
    await writeFile(file, (await readFile(file, "utf8")).replace("./plugin.sh", at("plugin.sh")));
    const child = spawn("sh", ["-c", `cat '${file}' | ${words}`], { env: environment(directory) });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said).toBe("t-1\n");
  },
);

describe("where the policy comes from", () => {
  test("KUBERC", async () => {
    const args = ["token", "--kubeconfig", await kubeconfig()];
    expect((await kauth(args, { KUBERC: await put("deny", DENY) })).code).toBe(2);
    expect(await ran()).toBe(false);
    expect((await kauth(args, { KUBERC: "off" })).stdout).toBe("t-1\n");
  });

  test("~/.kube/kuberc", async () => {
    await mkdir(at(".kube"));
    await put(".kube/kuberc", DENY);
    const args = ["token", "--kubeconfig", await kubeconfig()];
    expect((await kauth(args, { HOME: directory })).code).toBe(2);
    expect(await ran()).toBe(false);
  });

  test.each([
    ["allows it", "plugin.sh", 0],
    ["lacks it", "other.sh", 2],
  ])("a list that %s", async (_name, name, wanted) => {
    const list = `${HEAD}credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: "${at(name)}"}]\n`;
    const args = ["token", "--kubeconfig", await kubeconfig(), "--kuberc", await put("list", list)];
    const { code } = await kauth(args);
    expect([code, await ran()]).toEqual([wanted, wanted === 0]);
  });
});

/** `kauth token` in a terminal of its own, its stdout in a file. What is typed goes to whoever reads the terminal. */
const inTerminal = (
  args: readonly string[],
): { readonly child: ChildProcess; readonly seen: () => string } => {
  const words = [...PROGRAM, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", `exec ${words} >'${at("out")}'`, "/dev/null"], {
    env: environment(directory, { TERM: "dumb" }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may end between a look and a key.
  child.stdin.on("error", () => undefined);
  let seen = "";
  child.stdout.on("data", (part: Buffer) => (seen += part.toString()));
  return { child, seen: () => seen };
};
const alive = async (): Promise<readonly string[]> => {
  const pids = (await readFile(at("plugin.sh.ran"), "utf8")).split("\n").filter((pid) => pid !== "");
  const states = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "0 (x) Z")),
  );
  return states.filter((stat) => !/^\d+ \(.*\) Z/.test(stat));
};

describe.runIf(process.platform === "linux")("a plugin that asks in the terminal (§2.1, R-I4)", () => {
  test("gets what is typed", async () => {
    const body = `printf 'Token: ' >&2; read -r word; echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"$word\\"}}"`;
    const { child, seen } = inTerminal(["token", "--kubeconfig", await kubeconfig(body, "Always")]);
    await expect.poll(seen, { timeout: 20_000 }).toContain("Token: ");
    child.stdin?.write("typed-1\n");
    await once(child, "close");
    expect([child.exitCode, await readFile(at("out"), "utf8")]).toEqual([0, "typed-1\n"]);
  });

  test("Ctrl-C reaches it, kauth waits for it and ends cleanly", async () => {
    const body = `trap 'sleep 0.3; echo tidy >"$0.tidy"; exit 1' INT\nprintf 'Password: ' >&2\nread -r word`;
    const { child, seen } = inTerminal(["token", "--kubeconfig", await kubeconfig(body)]);
    await expect.poll(seen, { timeout: 20_000 }).toContain("Password: ");
    child.stdin?.write("\u0003");
    await once(child, "close");
    expect(child.signalCode).toBeNull();
    expect(await readFile(at("plugin.sh.tidy"), "utf8")).toBe("tidy\n");
    expect(await alive()).toEqual([]);
    expect(seen()).not.toContain("fault of its own");
  });

  test("one that ignores Ctrl-C is ended, and at the second one at once", async () => {
    const body = `trap '' INT TERM HUP\nprintf 'Password: ' >&2\nwhile :; do read -r word || sleep 1; done`;
    const { child, seen } = inTerminal(["token", "--kubeconfig", await kubeconfig(body)]);
    await expect.poll(seen, { timeout: 20_000 }).toContain("Password: ");
    // Two that come at once are one.
    const again = (): number | null => {
      if (child.exitCode === null) child.stdin?.write("\u0003");
      return child.exitCode;
    };
    await expect.poll(again, { timeout: 1_900 }).toBe(130);
    await expect.poll(alive).toEqual([]);
  });
});

describe.runIf(process.platform === "linux")("when kauth ends before its plugin", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s: nothing stays", async (signal) => {
    const file = await kubeconfig(
      `trap '' TERM\necho up >&2\nsleep 600 & echo $! >>"$0.ran"\nwait; sleep 600`,
    );
    const [program = "", ...first] = PROGRAM;
    const child = spawn(program, [...first, "token", "--kubeconfig", file], {
      env: environment(directory),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toContain("plugin.sh: up");
    child.kill(signal);
    await once(child, "close");
    expect(child.signalCode).toBeNull();
    await expect.poll(alive).toEqual([]);
  });
});
