import { candidatesOf } from "../../proxy/index.ts";
import { parseTarget } from "../../route/index.ts";
import type { Invocation } from "../command.ts";
import { clientOf } from "../identity.ts";
import { reportTo } from "./report.ts";
import { openSettings } from "./settings.ts";
import { openTarget } from "./target.ts";

/** `kauth open`: from the words on the command line to a page that is signed in. */
export async function runOpen(invocation: Invocation): Promise<number> {
  const { system, signal } = invocation;
  const settings = await openSettings(invocation);
  // Before anything is read or dialled: an address that others reach is refused (security.md R-A1).
  candidatesOf({ addresses: settings.addresses, ip: settings.origin === "ip" ? "127.0.0.1" : undefined });
  const reference = parseTarget(settings.target);
  const config = await clientOf(invocation);
  const report = reportTo(system, settings);
  await using served = await openTarget({ system, settings, config, reference, report, signal });
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
