import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = dirname(import.meta.dirname);
const OTHER = process.env["KAUTH_PROGRAM"] ?? "";
/** What `KAUTH_PROGRAM` names, else the program straight from the sources: Node 24 strips the types. */
export const PROGRAM: readonly string[] =
  OTHER === ""
    ? [process.execPath, join(ROOT, "src", "cli", "bin", "kauth.ts")]
    : /\.[jt]s$/.test(OTHER)
      ? [process.execPath, OTHER]
      : [OTHER];

export interface RunningOpen extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ready: Readonly<Record<string, unknown>>;
  readonly origin: URL;
  readonly link: string;
  readonly home: string;
  stderr(): string;
  stdout(): string;
  /** The next event of that name that has not been taken. */
  event(name: string): Promise<Record<string, unknown>>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export const environment = (home: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  KAUTH_HOME: home,
  ...more,
});

/** A directory that stands for a person's home. */
export async function newHome(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "kauth-test-"));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) };
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What is left of the process's runtime files. */
  readonly left: readonly string[];
}

/** No command of a test takes that long. */
const END = 60_000;

/** Runs a command to its end. */
export async function kauth(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  await using home = await newHome();
  const [file = "", ...first] = PROGRAM;
  const child = spawn(file, [...first, ...args], {
    env: environment(home.path, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), END);
  await once(child, "close");
  clearTimeout(timer);
  const left = await readdir(join(home.path, "run")).catch(() => []);
  return { code: child.exitCode, stdout, stderr, left };
}

export interface OpenOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
  /** There are several targets, whose start page is served first. Default: one. */
  readonly several?: boolean;
}

/** `kauth open …` against a kubeconfig, up to its first link. */
export async function startOpen(args: readonly string[], options: OpenOptions = {}): Promise<RunningOpen> {
  const own = options.home === undefined ? await newHome() : undefined;
  const home = own?.path ?? options.home ?? "";
  const [file = "", ...first] = PROGRAM;
  const browser = args.includes("--browser") ? [] : ["--skip-open-browser"];
  const given = args.filter((word) => word !== "--browser");
  const address = given.includes("--address") ? [] : ["--address", "127.0.0.1:0"];
  const child = spawn(
    file,
    [...first, "open", ...given, ...address, ...browser, "--output", "json", "--print-link"],
    { env: environment(home, options.env), stdio: ["ignore", "pipe", "pipe"] },
  );
  let stderr = "";
  let stdout = "";
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const closed = once(child, "close");
  const waiting: { readonly name: string; readonly give: (event: Record<string, unknown>) => void }[] = [];
  const pending: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout += `${line}\n`;
    const event = JSON.parse(line) as Record<string, unknown>;
    const index = waiting.findIndex(({ name }) => name === event["event"]);
    if (index === -1) pending.push(event);
    else waiting.splice(index, 1)[0]?.give(event);
  });
  const event = async (name: string): Promise<Record<string, unknown>> => {
    const index = pending.findIndex((each) => each["event"] === name);
    if (index !== -1) return pending.splice(index, 1)[0] ?? {};
    return await new Promise((resolve, reject) => {
      waiting.push({ name, give: resolve });
      void closed.then(() => reject(new Error(`kauth ended with ${child.exitCode}: ${stderr}`)));
    });
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await closed;
    return child.exitCode;
  };
  const ready = await event(options.several === true ? "serving" : "ready");
  const link = browser.length === 0 ? {} : await event("link");
  return {
    child,
    ready,
    origin: new URL(String(ready["url"])),
    link: typeof link["url"] === "string" ? link["url"] : "",
    home,
    stderr: () => stderr,
    stdout: () => stdout,
    event,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await own?.[Symbol.asyncDispose]();
    },
  };
}
