import type { ChildProcess } from "node:child_process";
import { basename } from "node:path";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";
import { batchCall, isBatchFile } from "./batch-file.ts";
import { collectOutput, type Output } from "./exec-output.ts";
import { secretsOf, stderrLines, type Stderr } from "./exec-stderr.ts";

/** What is asked to end has this time to put its lock files and the terminal in order. */
const GRACE = millis(2_000);
/** The last words of what has ended are in the pipe; a child of it may hold the pipe for ever. */
const LAST_WORDS = millis(250);

export interface PluginProcess {
  /** As messages name it. */
  readonly command: string;
  /** What is run. */
  readonly path: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The variables that the kubeconfig gives: whatever they hold is not shown. Default: none. */
  readonly given?: ReadonlySet<string>;
  /** It gets the terminal as it is, and Ctrl-C with it. */
  readonly interactive: boolean;
  /** Then it and all that it started is ended. */
  readonly timeout: Millis;
  /** Asks it to end, and then ends it. */
  readonly signal?: AbortSignal | undefined;
}

export type Outcome =
  | { readonly kind: "printed"; readonly stdout: string }
  | {
      readonly kind: "failed";
      /** In the words of a credential plugin's failure. */
      readonly error: KnownError;
      /** The same without them: what happened, and the last lines of its stderr. */
      readonly what: string;
      readonly said: string;
      /** When it ended by itself. */
      readonly exitCode: number | undefined;
    };

/** How a run comes to its end. */
export type End =
  | { readonly kind: "exit"; readonly code: number | null; readonly by: string | null }
  | { readonly kind: "unstartable"; readonly error: unknown }
  | { readonly kind: "stopped"; readonly code: StopCode; readonly what: string };
type StopCode = "EXEC_FAILED" | "EXEC_TIMEOUT" | "EXEC_OUTPUT_INVALID";

/**
 * Runs a plugin to its end (credentials.md §2.1, security.md R-I2, R-I3). When this resolves it has ended; after a
 * failure so has all that it started, as far as the platform can tell.
 */
export async function runPlugin(plugin: PluginProcess, system: System): Promise<Outcome> {
  const said = stderrLines({
    show: (line) => system.log.say(`${basename(plugin.command)}: ${line}`),
    secrets: secretsOf(plugin.env, plugin.args, plugin.given),
  });
  const over = new AbortController();
  /** Never, once the run is over. */
  const later = async (time: Millis): Promise<void> =>
    await new Promise((resolve) => {
      system.sleep(time, over.signal).then(resolve, () => undefined);
    });
  let child: ChildProcess;
  try {
    child = spawn(plugin, system);
  } catch (error) {
    return failed(plugin, { kind: "unstartable", error }, said);
  }
  const output = collectOutput(child, said);
  try {
    const exited = exitOf(child);
    const end = await endOf({ plugin, child, output, exited, later, over: over.signal, system });
    if (end.kind === "exit" && end.code === 0) {
      await Promise.race([output.quiet, later(LAST_WORDS)]);
      return { kind: "printed", stdout: output.leave() };
    }
    system.end(child, { group: !plugin.interactive });
    await Promise.race([Promise.all([exited, output.quiet]), later(LAST_WORDS)]);
    said.end();
    output.close();
    return failed(plugin, end, said);
  } finally {
    over.abort();
    said.end();
  }
}

interface Running {
  readonly plugin: PluginProcess;
  readonly child: ChildProcess;
  readonly output: Output;
  readonly exited: Promise<End>;
  readonly later: (time: Millis) => Promise<void>;
  readonly over: AbortSignal;
  readonly system: System;
}

const endOf = async (running: Running): Promise<End> => {
  const { plugin, child, output, exited, later, over, system } = running;
  const stopped = (code: StopCode, what: string): End => ({ kind: "stopped", code, what });
  const told = new Promise<void>((resolve) => {
    plugin.signal?.addEventListener("abort", () => resolve(), { once: true, signal: over });
    if (plugin.signal?.aborted === true) resolve();
  }).then(async () => {
    // Ctrl-C has reached a plugin that has the terminal, and asking again would cut short what it does about it.
    if (plugin.interactive) await Promise.race([exited, later(GRACE)]);
    system.end(child, { group: !plugin.interactive, gently: true });
    await Promise.race([exited, later(GRACE)]);
    return stopped("EXEC_FAILED", "was stopped");
  });
  const done = exited.then(async (end) => {
    // Who still holds its stdout may print on: kubectl waits for that as well.
    if (end.kind === "exit" && end.code === 0) await output.printed;
    return plugin.signal?.aborted === true ? await told : end;
  });
  const late = later(plugin.timeout).then(() =>
    stopped("EXEC_TIMEOUT", `ran longer than ${plugin.timeout / 1000} s`),
  );
  const flood = output.tooMuch.then((what) => stopped("EXEC_OUTPUT_INVALID", what));
  return await Promise.race([told, done, late, flood]);
};

const exitOf = async (child: ChildProcess): Promise<End> =>
  await new Promise((resolve) => {
    child.once("exit", (code, by) => resolve({ kind: "exit", code, by }));
    child.once("error", (error) => resolve({ kind: "unstartable", error }));
  });

/** @throws whatever the system has against the program, its arguments or its environment */
const spawn = (plugin: PluginProcess, system: System): ChildProcess => {
  const { path, args, env, interactive } = plugin;
  if (Object.entries(env).some((entry) => entry.join("=").includes("\0")))
    throw new Error("exec: environment variable contains NUL");
  const batch =
    system.platform === "win32" && isBatchFile(path) ? batchCall(path, args, system.env) : undefined;
  if (system.platform === "win32" && isBatchFile(path) && batch === undefined)
    throw new Error(
      `fork/exec ${path}: an argument cannot be given to a batch file: it holds a line feed or NUL`,
    );
  return system.spawn({
    ...(batch === undefined ? { file: path, args } : { ...batch, verbatim: true }),
    env,
    stdin: interactive ? "inherit" : "ignore",
    stderr: interactive ? "inherit" : "pipe",
    group: !interactive,
    ours: true,
  });
};

/** The system's reasons in Go's words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOTDIR: "not a directory",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
  E2BIG: "argument list too long",
  ENOEXEC: "exec format error",
  ETXTBSY: "text file busy",
  EAGAIN: "resource temporarily unavailable",
  ENOMEM: "cannot allocate memory",
  ERR_INVALID_ARG_VALUE: "invalid argument",
};

/** What a run that gave nothing is told as, in client-go's words. */
export const failed = (
  plugin: Pick<PluginProcess, "command" | "path">,
  end: End,
  stderr: Pick<Stderr, "last">,
): Outcome => {
  const name = `exec: executable ${plugin.command}`;
  const said = stderr.last();
  const outcome = (
    code: StopCode | "EXEC_NOT_FOUND",
    what: string,
    more: { readonly exitCode?: number | null; readonly cause?: unknown } = {},
  ): Outcome => ({
    kind: "failed",
    error: new KnownError(
      code,
      `getting credentials: ${what}${said === "" ? "" : `\nIt said: ${said}`}`,
      more.cause === undefined ? {} : { cause: more.cause },
    ),
    what,
    said,
    exitCode: more.exitCode ?? undefined,
  });
  switch (end.kind) {
    case "stopped":
      return outcome(end.code, `${name} ${end.what}`);
    case "unstartable": {
      const code = systemCode(end.error);
      const reason = code === undefined ? undefined : REASONS[code];
      const what = code === undefined ? messageOf(end.error) : `fork/exec ${plugin.path}: ${reason ?? code}`;
      return outcome("EXEC_NOT_FOUND", `exec: ${what}`, { cause: end.error });
    }
    case "exit":
      return outcome(
        "EXEC_FAILED",
        end.code === null ? `${name} was ended by ${end.by}` : `${name} failed with exit code ${end.code}`,
        { exitCode: end.code },
      );
    default:
      return end satisfies never;
  }
};
