import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { realFiles, type Files } from "./files.ts";
import { logTo, type Log } from "./log.ts";
import { epochMillis, millis, type EpochMillis, type Millis } from "./units.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: "inherit" | "ignore" | "pipe";
  readonly stderr: "inherit" | "ignore" | "pipe";
  readonly stdout?: "inherit" | "ignore" | "pipe";
  readonly cwd?: string;
  /** A process group of its own, so that grandchildren can be ended too. Default false. */
  readonly group?: boolean;
}

/** Everything impure, made once in `cli/main.ts` and passed down; tests pass their own. */
export interface System {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Undefined where users have no numbers (Windows). */
  readonly uid: number | undefined;
  readonly pid: number;
  readonly cwd: string;
  readonly home: string;
  readonly temp: string;
  /** What runs us, e.g. `Node 24.21.0`. */
  readonly runtime: string;
  /** The program that runs us. */
  readonly execPath: string;
  readonly stdinIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly files: Files;
  readonly log: Log;
  now(): EpochMillis;
  /** A clock that never jumps; only differences mean something. */
  monotonic(): Millis;
  sleep(time: Millis, signal?: AbortSignal): Promise<void>;
  random(size: number): Buffer;
  /** Starts a program without a shell. */
  spawn(command: Command): ChildProcess;
  /** Ends a child, and with `group` everything it started. */
  end(child: ChildProcess, options: { readonly group: boolean }): void;
}

/** The machine itself. `level` is the verbosity of the log. */
export const realSystem = (level = 0): System => ({
  env: process.env,
  platform: process.platform,
  uid: process.getuid?.(),
  pid: process.pid,
  cwd: process.cwd(),
  home: process.platform === "win32" ? homedir() : (process.env["HOME"] ?? ""),
  temp: tmpdir(),
  runtime:
    process.versions["bun"] === undefined
      ? `Node ${process.versions.node}`
      : `Bun ${process.versions["bun"]}`,
  execPath: process.execPath,
  stdinIsTerminal: process.stdin.isTTY === true,
  stderrIsTerminal: process.stderr.isTTY === true,
  files: realFiles,
  log: logTo({ out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) }, level),
  now: () => epochMillis(Date.now()),
  monotonic: () => millis(performance.now()),
  sleep: async (time, signal) => {
    await wait(time, undefined, signal === undefined ? {} : { signal });
  },
  random: (size) => randomBytes(size),
  spawn: (command) =>
    spawn(command.file, [...command.args], {
      env: command.env,
      stdio: [command.stdin, command.stdout ?? "pipe", command.stderr],
      shell: false,
      windowsHide: true,
      detached: command.group === true,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    }),
  end: (child, { group }) => {
    if (!group || child.pid === undefined || process.platform === "win32") {
      child.kill("SIGKILL");
      return;
    }
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
      child.kill("SIGKILL");
    }
  },
});
