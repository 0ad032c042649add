import { candidatesOf } from "../../proxy/index.ts";
import type { Invocation } from "../command.ts";
import { openPages } from "./pages.ts";
import { reportTo } from "./report.ts";
import { openSettings } from "./settings.ts";
import { wishesOf } from "./wishes.ts";

/** `kauth open`: from the words on the command line to pages that are signed in. */
export async function runOpen(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  const settings = await openSettings(invocation);
  // Before anything is read or dialled: an address that others reach is refused (security.md R-A1).
  candidatesOf({ addresses: settings.addresses, ip: settings.origin === "ip" ? "127.0.0.1" : undefined });
  const wishes = await wishesOf(invocation, settings.targets);
  const report = reportTo(system, settings);
  const stopped = new AbortController();
  const signal = AbortSignal.any([invocation.signal, stopped.signal]);
  const stop = (): void => stopped.abort();
  const { presets = [] } = invocation;
  await using served = await openPages({ system, settings, wishes, presets, report, signal, stop });
  await served.launch(signal);
  await untilAborted(signal);
  report.emit({ event: "stopping", inFlight: served.inFlight });
  await served.drain();
  return 0;
}

/** Resolves at the first SIGINT or SIGTERM. */
export const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
};
