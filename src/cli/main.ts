import { invokedName, realSystem } from "../base/system.ts";
import { hardenProcess } from "./hardening.ts";
import type { RunRequest } from "./run.ts";

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
  const crashed = async (error: unknown): Promise<void> => {
    const { tellError } = await import("./run.ts");
    tellError(error, realSystem());
    process.exit(70);
  };
  process.on("uncaughtException", (error) => void crashed(error));
  process.on("unhandledRejection", (error) => void crashed(error));
  try {
    hardenProcess(realSystem());
  } catch (error) {
    const { tellError } = await import("./run.ts");
    process.exitCode = tellError(error, realSystem());
    return;
  }
  const request: RunRequest = {
    args: process.argv.slice(2),
    program: invokedName(name),
    signal: stop.signal,
    signalStatus: () => status,
    system: realSystem,
  };
  process.exitCode = await (await import("./run.ts")).run(request);
  // Nothing is worth waiting for now; an idle socket must not hold the process.
  process.exit();
}
