// Imported as a whole, these are loaded when they are first needed (tools/builtins.ts): they take milliseconds.
import * as childProcess from "node:child_process";
import * as crypto from "node:crypto";
import { fstatSync, statSync, writeSync } from "node:fs";
import * as os from "node:os";
import { basename } from "node:path";
import * as timers from "node:timers/promises";
import * as tty from "node:tty";
import { systemCode } from "./errors.ts";
import { familyOf, outputOf } from "./family.ts";
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
  /** It ends when we end, however that comes, and so does all that it started. Default false. */
  readonly ours?: boolean;
  /** Windows: the arguments are quoted already. Default false. */
  readonly verbatim?: boolean;
}

/** Everything impure, made once in `cli/main.ts` and passed down; tests pass their own. */
export interface System {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Undefined where users have no numbers (Windows). */
  readonly uid: number | undefined;
  readonly pid: number;
  /** The process that started us. */
  readonly parent: number;
  readonly cwd: string;
  readonly home: string;
  readonly temp: string;
  /** What runs us, e.g. `Node 24.21.0`. */
  readonly runtime: string;
  /** The program that runs us. */
  readonly execPath: string;
  /** The file that it was told to run, as it was called; undefined in a compiled program, which is `execPath` itself. */
  readonly script: string | undefined;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly files: Files;
  readonly log: Log;
  now(): EpochMillis;
  /** A clock that never jumps; only differences mean something. */
  monotonic(): Millis;
  sleep(time: Millis, signal?: AbortSignal): Promise<void>;
  random(size: number): Buffer;
  /**
   * What the whole process has one of, made when first asked for: modules keep no state of their own. The key begins
   * with what it is for, so that one key always has one type.
   */
  shared<T>(key: string, make: () => T): T;
  /** Calls back when the process ends, but for SIGKILL; nothing can be awaited then. The returned function takes it back. */
  onExit(act: () => void): () => void;
  /** Starts a program without a shell. */
  spawn(command: Command): childProcess.ChildProcess;
  /**
   * Ends a child and what it started, as far as the platform can tell. `group`: it was started with one.
   * `gently` asks it to (SIGTERM); default false, which nothing survives.
   */
  end(
    child: childProcess.ChildProcess,
    options: { readonly group: boolean; readonly gently?: boolean },
  ): void;
}

/** Most that is no terminal can be told from it without the part of Node that knows terminals. */
const isTerminal = (descriptor: number): boolean => {
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isCharacterDevice()) return false;
    if (process.platform !== "win32" && facts.rdev === statSync("/dev/null").rdev) return false;
  } catch {
    // Closed, or a system without such facts: the part that knows decides.
  }
  return tty.isatty(descriptor);
};

interface Sink {
  readonly write: (text: string) => void;
  readonly fault: () => unknown;
}

/** What `process.stdout` does on files and pipes, without loading streams for a line; whatever is odd is left to it. */
const sinkOf = (descriptor: 1 | 2): Sink => {
  let stream: NodeJS.WriteStream | undefined;
  let fault: unknown;
  const open = (): NodeJS.WriteStream => {
    const opened = descriptor === 1 ? process.stdout : process.stderr;
    return opened.on("error", (error) => (fault ??= faultOf(error)));
  };
  const write = (text: string): void => {
    let bytes = Buffer.from(text, "utf8");
    try {
      while (stream === undefined && bytes.length > 0 && process.platform !== "win32")
        bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      // A pipe that is full and does not wait: the stream knows what to do.
      if (systemCode(error) !== "EAGAIN") {
        fault ??= faultOf(error);
        return;
      }
    }
    if (bytes.length === 0) return;
    stream ??= open();
    stream.write(bytes);
  };
  return { write, fault: () => fault };
};

/** A reader that left, as in `kauth … | head`, is no fault. */
const faultOf = (error: unknown): unknown => (systemCode(error) === "EPIPE" ? undefined : error);

const realLog = (level: number): Log => {
  const out = sinkOf(1);
  return logTo({ out: out.write, err: sinkOf(2).write, fault: out.fault }, level);
};

/** What one process, or what stands for one, has one of. */
export const sharedValues = (): System["shared"] => {
  const values = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!values.has(key)) values.set(key, make());
    return values.get(key) as T;
  };
};

/** Milliseconds in which a process has become another program. */
const SCAN_GAP = 5;
/** A program that starts others faster than they are ended is left to the person. */
const FAMILY_MOST = 10_000;

/** Waits where nothing may happen in between: the process may be ending. */
const pause = (time: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
};

/** Starting and ending programs. */
const children = (): Pick<System, "spawn" | "end"> => {
  const outputs = new WeakMap<childProcess.ChildProcess, string>();
  const ours = new Map<childProcess.ChildProcess, boolean>();
  const end: System["end"] = (child, { group, gently = false }) => {
    const { pid } = child;
    if (pid === undefined) return;
    const signal = gently ? "SIGTERM" : "SIGKILL";
    const alive = child.exitCode === null && child.signalCode === null;
    if (process.platform === "win32") {
      endTree(pid);
      return;
    }
    const output = outputs.get(child) ?? (alive ? outputOf(pid, process.pid) : undefined);
    const seen = new Set<number>();
    const tell = (target: number): void => {
      seen.add(target);
      try {
        process.kill(target, signal);
      } catch {
        // It has ended already.
      }
    };
    const linux = process.platform === "linux";
    const family = (): readonly number[] =>
      linux ? familyOf({ pid, starter: process.pid, leads: group, alive, output }) : [];
    // Looked for before anything ends: whose parent has ended looks like anybody's.
    let found = [...(group ? [-pid] : alive ? [pid] : []), ...family()];
    for (const each of found) tell(each);
    if (gently || !linux) return;
    // While a process becomes another program, /proc does not show what it holds; and one may just be starting another.
    for (let quiet = 0; quiet < 2 && seen.size < FAMILY_MOST; quiet = found.length === 0 ? quiet + 1 : 0) {
      pause(SCAN_GAP);
      found = family().filter((each) => !seen.has(each));
      for (const each of found) tell(each);
    }
  };
  const endOurs = (): void => {
    for (const [each, group] of ours) end(each, { group });
  };
  return {
    end,
    spawn: (command) => {
      const windows = process.platform === "win32";
      const child = childProcess.spawn(command.file, [...command.args], {
        env: command.env,
        stdio: [command.stdin, command.stdout ?? "pipe", command.stderr],
        shell: false,
        windowsHide: true,
        windowsVerbatimArguments: command.verbatim === true,
        // On Windows that would be a console window; whole trees can be ended there anyway.
        detached: command.group === true && !windows,
        ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      });
      if (command.ours !== true || child.pid === undefined) return child;
      const output = process.platform === "linux" ? outputOf(child.pid, process.pid) : undefined;
      if (output !== undefined) outputs.set(child, output);
      if (ours.size === 0) process.on("exit", endOurs);
      ours.set(child, command.group === true);
      child.once("exit", () => {
        ours.delete(child);
        if (ours.size === 0) process.off("exit", endOurs);
      });
      return child;
    },
  };
};

/** Windows knows the tree of a process as long as its root lives. */
const endTree = (pid: number): void => {
  const program = `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\taskkill.exe`;
  childProcess.spawnSync(program, ["/pid", String(pid), "/t", "/f"], {
    stdio: "ignore",
    windowsHide: true,
  });
};

/** Whether the runtime and what it runs are one file, by whatever name. */
const isCompiled = (versions: NodeJS.ProcessVersions, execPath: string): boolean =>
  versions["bun"] !== undefined && !/^bun(?:x|-profile)?(?:\.exe)?$/i.test(basename(execPath));

/** The name that the program was started by, as a launcher has it; in a compiled binary only argv0 knows it. */
export const invokedName = (launcher: string): string =>
  isCompiled(process.versions, process.execPath) ? basename(process.argv0).replace(/\.exe$/i, "") : launcher;

/** The machine itself. `level` is the verbosity of the log; `parts` stand in the place of its own. */
export const realSystem = (level = 0, parts: Partial<Pick<System, "files" | "log">> = {}): System => ({
  env: process.env,
  platform: process.platform,
  uid: process.getuid?.(),
  pid: process.pid,
  get parent() {
    return process.ppid;
  },
  cwd: process.cwd(),
  home: process.platform === "win32" ? os.homedir() : (process.env["HOME"] ?? ""),
  get temp() {
    return os.tmpdir();
  },
  runtime:
    process.versions["bun"] === undefined
      ? `Node ${process.versions.node}`
      : `Bun ${process.versions["bun"]}`,
  execPath: process.execPath,
  script: isCompiled(process.versions, process.execPath) ? undefined : process.argv[1],
  get stdinIsTerminal() {
    return isTerminal(0);
  },
  get stdoutIsTerminal() {
    return isTerminal(1);
  },
  get stderrIsTerminal() {
    return isTerminal(2);
  },
  files: parts.files ?? realFiles,
  log: parts.log ?? realLog(level),
  now: () => epochMillis(Date.now()),
  // The clock of `performance` loads a module of Node's that is large.
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return millis(seconds * 1_000 + nanoseconds / 1e6);
  },
  sleep: async (time, signal) => {
    await timers.setTimeout(time, undefined, signal === undefined ? {} : { signal });
  },
  random: (size) => crypto.randomBytes(size),
  shared: sharedValues(),
  onExit: (act) => {
    process.on("exit", act);
    return () => process.off("exit", act);
  },
  ...children(),
});
