import { basename } from "node:path";
import { messageOf } from "../base/errors.ts";
import { ownName } from "../base/own-program.ts";
import type { System } from "../base/system.ts";
import { failed, type End, type Outcome, type PluginProcess } from "./exec-process.ts";
import { secretsOf, stderrLines } from "./exec-stderr.ts";

/** One run of kauth within kauth: all that a process of its own would get. */
export interface OwnCall {
  /** The name that it is called by, e.g. `kubelogin`. */
  readonly name: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs it and gives its exit status. Undefined: this call wants a process of its own. */
export type OwnProgram = (call: OwnCall) => Promise<number> | undefined;

/** What a runtime or a loader reads at its start has no effect later. */
const AT_START = /^(?:NODE_|BUN_|LD_|DYLD_|SSL_CERT_)/i;

/**
 * Where the plugin that was found and allowed is this very program, behind every symlink: a run of it in process, with
 * its arguments and its environment. Undefined: it is another, and has to be spawned (security.md R-N10).
 */
export const runOurselves = async (
  plugin: PluginProcess,
  own: OwnProgram,
  system: System,
): Promise<(() => Promise<Outcome>) | undefined> => {
  const name = await ownName(plugin.path, system);
  if (name === undefined || [...(plugin.given ?? [])].some((each) => AT_START.test(each))) return undefined;
  const { args, env, interactive } = plugin;
  const stop = new AbortController();
  let stdout = "";
  const said = stderrLines({
    // A process that has the terminal writes to it as it is.
    show: (line) => system.log.say(interactive ? line : `${basename(plugin.command)}: ${line}`),
    secrets: secretsOf(plugin.env, plugin.args, plugin.given),
  });
  const run = own({
    name,
    args,
    env,
    interactive,
    signal: stop.signal,
    out: (text) => (stdout += text),
    err: (text) => said.add(Buffer.from(text, "utf8")),
  });
  if (run === undefined) return undefined;
  return async () => {
    const over = new AbortController();
    const stopped = (code: "EXEC_FAILED" | "EXEC_TIMEOUT", what: string): End => {
      stop.abort(new Error(what));
      return { kind: "stopped", code, what };
    };
    const told = new Promise<End>((resolve) => {
      const tell = (): void => resolve(stopped("EXEC_FAILED", "was stopped"));
      plugin.signal?.addEventListener("abort", tell, { once: true, signal: over.signal });
      if (plugin.signal?.aborted === true) tell();
    });
    const late = new Promise<End>((resolve) => {
      system.sleep(plugin.timeout, over.signal).then(
        () => resolve(stopped("EXEC_TIMEOUT", `ran longer than ${plugin.timeout / 1000} s`)),
        () => undefined,
      );
    });
    const ended = run.then(
      (code): End => ({ kind: "exit", code, by: null }),
      (error: unknown): End => ({ kind: "stopped", code: "EXEC_FAILED", what: messageOf(error) }),
    );
    try {
      const end = await Promise.race([told, late, ended]);
      said.end();
      if (end.kind === "exit" && end.code === 0) return { kind: "printed", stdout };
      return failed(plugin, end, said);
    } finally {
      over.abort();
    }
  };
};
