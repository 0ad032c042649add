import { basename } from "node:path";
import { isCompiled, realSystem } from "../base/system.ts";
import { hardenProcess } from "./hardening.ts";
import { run, tellError } from "./run.ts";

/** Ends the process at the second signal: within this the exit status still leaves. */
const SIGNAL_STATUS = 130;

/** The real machine in, an exit status out. `name` is what a launcher of npm's has lost of argv[0]. */
export async function main(name: string): Promise<void> {
  const stop = new AbortController();
  let status = SIGNAL_STATUS;
  const onSignal = (_name: string, number: number): void => {
    if (stop.signal.aborted) process.exit(SIGNAL_STATUS);
    // As shells count.
    status = 128 + number;
    stop.abort(new Error("ended by a signal"));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const crashed = (error: unknown): void => {
    tellError(error, realSystem());
    process.exit(70);
  };
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  try {
    hardenProcess(realSystem());
  } catch (error) {
    process.exitCode = tellError(error, realSystem());
    return;
  }
  process.exitCode = await run({
    args: process.argv.slice(2),
    program: invokedName(name),
    signal: stop.signal,
    signalStatus: () => status,
    system: realSystem,
  });
  // Nothing is worth waiting for now; an idle socket must not hold the process.
  process.exit();
}

/** In a compiled binary only argv0 knows by which name it was started. */
const invokedName = (name: string): string => {
  if (!isCompiled(process.versions, process.execPath)) return name;
  return basename(process.argv0).replace(/\.exe$/i, "");
};
