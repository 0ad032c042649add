import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";

const ROOT = dirname(dirname(import.meta.dirname));
const OTHER = process.env["KAUTH_OIDC_COMMAND"] ?? "";

/** Whether the built kauth is under test, and no other program with kubelogin's flags. */
export const OURS = OTHER === "";

const program = (path: string): readonly string[] =>
  /\.[jt]s$/.test(path) ? [process.execPath, path] : [path];

/** `KAUTH_OIDC_COMMAND`, else what is built. It takes kubelogin's command line. */
export const COMMAND = program(OURS ? join(ROOT, "dist", "cli", "bin", "kubectl-oidc_login.js") : OTHER);
/** Under its own name, with its own exit codes. */
export const KAUTH = program(join(ROOT, "dist", "cli", "bin", "kauth.js"));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running extends Disposable {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when that text has come on stderr; rejects when the process ends before. */
  says(text: string | RegExp): Promise<void>;
  /** The same of stdout. */
  shows(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** What was written before the exit is read by then. */
const AFTER_EXIT = 2000;

export interface RunWishes {
  readonly home: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the command under test. */
  readonly command?: readonly string[];
  /** What comes on stdin. */
  readonly stdin?: string;
  /** stdin stays open after that. */
  readonly open?: boolean;
  /** In milliseconds; a process that has not ended by then never will. Default: 55 s, for few at once. */
  readonly bound?: number;
}

const BOUND = 110_000;

export function start(args: readonly string[], wishes: RunWishes): Running {
  const [file = "", ...first] = wishes.command ?? COMMAND;
  const child = spawn(file, [...first, ...args], {
    env: {
      PATH: process.env["PATH"],
      HOME: wishes.home,
      KAUTH_HOME: join(wishes.home, "kauth"),
      ...wishes.env,
    },
    cwd: wishes.home,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let changed: (() => void)[] = [];
  const wake = (): void => {
    const woken = changed;
    changed = [];
    for (const each of woken) each();
  };
  child.stdout.on("data", (part: Buffer) => {
    stdout += part.toString();
    wake();
  });
  child.stderr.on("data", (part: Buffer) => {
    stderr += part.toString();
    wake();
  });
  child.stdin.on("error", () => undefined);
  child.stdin.write(wishes.stdin ?? "");
  if (wishes.open !== true) child.stdin.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), wishes.bound ?? BOUND);
  const closed = once(child, "close");
  const ended = once(child, "exit").then(async (): Promise<Ended> => {
    clearTimeout(timer);
    // A browser that goes on holds the pipe of stderr, and then "close" never comes.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, AFTER_EXIT).unref())]);
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  });
  const until = async (there: () => boolean, what: string): Promise<void> => {
    while (!there()) {
      const over = await Promise.race([
        new Promise<false>((resolve) => changed.push(() => resolve(false))),
        ended.then(() => true),
      ]);
      if (over && !there()) throw new Error(`ended without ${what}: ${stderr}`);
    }
  };
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    says: async (text) =>
      await until(() => (typeof text === "string" ? stderr.includes(text) : text.test(stderr)), String(text)),
    shows: async (text) => await until(() => stdout.includes(text), text),
    [Symbol.dispose]: () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    },
  };
}
