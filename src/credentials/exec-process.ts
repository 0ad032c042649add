import { delimiter, isAbsolute, join, sep } from "node:path";
import { KnownError, systemCode } from "../base/errors.ts";
import { redact } from "../base/redact.ts";
import type { System } from "../base/system.ts";
import { escapeControls } from "../base/terminal.ts";
import type { Millis } from "../base/units.ts";
import type { ExecConfig } from "../kubeconfig/index.ts";

/** An ExecCredential with a certificate is some 10 KiB (security.md R-I3). */
const STDOUT_LIMIT = 1024 * 1024;
/** Enough of the end of stderr to say what went wrong. */
const STDERR_TAIL = 2048;

export interface ExecRun {
  readonly exec: ExecConfig;
  /** The value of KUBERNETES_EXEC_INFO. */
  readonly info: string;
  readonly interactive: boolean;
  /** Then the plugin and all it started is ended. */
  readonly timeout: Millis;
  readonly signal?: AbortSignal | undefined;
  /** The advice for a missing program; limited to ten an hour by the caller. */
  readonly hint: () => string | undefined;
}

/**
 * Runs a plugin as the kubeconfig writes it and resolves to its stdout (credentials.md §2.1, security.md R-I2, R-I3).
 * @throws {KnownError} EXEC_NOT_FOUND, EXEC_FAILED, EXEC_TIMEOUT, EXEC_OUTPUT_INVALID
 */
export async function runExecPlugin(run: ExecRun, system: System): Promise<string> {
  const { exec } = run;
  const file = await findProgram(exec.command, system, run.hint);
  const env = {
    ...system.env,
    ...Object.fromEntries(exec.env.map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: run.info,
  };
  const group = !run.interactive;
  const child = system.spawn({
    file,
    args: exec.args,
    env,
    // A plugin that may ask something gets the terminal as it is, and Ctrl-C with it.
    stdin: run.interactive ? "inherit" : "ignore",
    stderr: run.interactive ? "inherit" : "pipe",
    group,
  });
  const tail = stderrTail(exec.command, system);
  child.stderr?.on("data", tail.add);
  return await new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = [];
    let total = 0;
    let ended: KnownError | undefined;
    const stop = (error: KnownError): void => {
      ended ??= error;
      system.end(child, { group });
      // A grandchild that left the group could hold the pipes open for ever.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(
      () =>
        stop(
          failure(
            "EXEC_TIMEOUT",
            `exec: executable ${exec.command} ran longer than ${run.timeout / 1000} s`,
            tail,
          ),
        ),
      run.timeout,
    );
    const aborted = (): void =>
      stop(failure("EXEC_FAILED", `exec: executable ${exec.command} was stopped`, tail));
    run.signal?.addEventListener("abort", aborted, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      run.signal?.removeEventListener("abort", aborted);
      tail.flush();
    };
    child.stdout?.on("data", (part: Buffer) => {
      total += part.length;
      if (total > STDOUT_LIMIT)
        stop(
          failure(
            "EXEC_OUTPUT_INVALID",
            `exec: executable ${exec.command} printed more than ${STDOUT_LIMIT} bytes`,
            tail,
          ),
        );
      else parts.push(part);
    });
    child.once("error", (error) => {
      settle();
      reject(ended ?? startFailure(exec.command, error, run.hint));
    });
    child.once("close", (code, killed) => {
      settle();
      if (ended !== undefined) reject(ended);
      else if (code === 0) resolve(Buffer.concat(parts).toString("utf8"));
      else
        reject(
          failure(
            "EXEC_FAILED",
            code === null
              ? `exec: executable ${exec.command} was ended by ${killed ?? "a signal"}`
              : `exec: executable ${exec.command} failed with exit code ${code}`,
            tail,
          ),
        );
    });
    if (run.signal?.aborted === true) aborted();
  });
}

interface Tail {
  readonly add: (part: Buffer) => void;
  readonly flush: () => void;
  readonly text: () => string;
}

/** Shows stderr live, line by line, with controls escaped, and keeps its end for the error. */
const stderrTail = (command: string, system: System): Tail => {
  let kept = "";
  let line = "";
  const show = (text: string): void => {
    if (text !== "") system.log.say(`${command}: ${text}`);
  };
  return {
    add: (part) => {
      const text = part.toString("utf8");
      kept = (kept + text).slice(-STDERR_TAIL);
      const lines = (line + text).split("\n");
      line = (lines.pop() ?? "").slice(-STDERR_TAIL);
      for (const each of lines) show(each.trimEnd());
    },
    flush: () => {
      show(line.trimEnd());
      line = "";
    },
    text: () => escapeControls(redact(kept)).trim().split("\n").slice(-5).join("\n"),
  };
};

const failure = (
  code: "EXEC_FAILED" | "EXEC_TIMEOUT" | "EXEC_OUTPUT_INVALID",
  message: string,
  tail: Tail,
): KnownError => {
  const said = tail.text();
  return new KnownError(code, `getting credentials: ${message}${said === "" ? "" : `\nIt said: ${said}`}`);
};

const NOT_INSTALLED = [
  "It looks like you are trying to use a client-go credential plugin that is not installed.",
  "",
  "To learn more about this feature, consult the documentation available at:",
  "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
].join("\n");

const notFound = (command: string, hint: () => string | undefined): KnownError => {
  const advice = hint();
  const more = advice === undefined ? "" : `\n\n${NOT_INSTALLED}${advice === "" ? "" : `\n\n${advice}`}`;
  return new KnownError(
    "EXEC_NOT_FOUND",
    `getting credentials: exec: executable ${command} not found${more}`,
  );
};

const startFailure = (command: string, error: Error, hint: () => string | undefined): KnownError => {
  const reason = systemCode(error);
  if (reason === "ENOENT" && !command.includes(sep)) return notFound(command, hint);
  const said =
    reason === "ENOENT"
      ? "no such file or directory"
      : reason === "EACCES"
        ? "permission denied"
        : error.message;
  return new KnownError("EXEC_NOT_FOUND", `getting credentials: exec: fork/exec ${command}: ${said}`, {
    cause: error,
  });
};

/** Bare names are found on PATH only: never in the working directory, also where PATH has an empty item. */
const findProgram = async (
  command: string,
  system: System,
  hint: () => string | undefined,
): Promise<string> => {
  if (system.platform === "win32" || command.includes(sep)) return command;
  for (const directory of (system.env["PATH"] ?? "").split(delimiter)) {
    if (!isAbsolute(directory)) continue;
    const path = join(directory, command);
    const facts = await system.files.facts(path);
    if (facts?.kind === "file" && (facts.mode & 0o111) !== 0) return path;
  }
  throw notFound(command, hint);
};
