import { candidatesOf } from "../../proxy/index.ts";
import type { Invocation } from "../command.ts";
import { readKubeconfig, selectClient } from "../identity.ts";
import { attach } from "./attach.ts";
import { answerOthers } from "./instance.ts";
import { instanceView } from "./instance-view.ts";
import { watchKubeconfig } from "./kubeconfig-change.ts";
import { openPages } from "./pages.ts";
import { reportTo } from "./report.ts";
import { openSettings } from "./settings.ts";
import { targetKeys } from "./target-keys.ts";
import { wishesOf } from "./wishes.ts";

/** `kauth open`: from the words on the command line to pages that are signed in. */
export async function runOpen(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  const settings = await openSettings(invocation);
  // Before anything is read or dialled: an address that others reach is refused (security.md R-A1).
  candidatesOf({ addresses: settings.addresses, ip: settings.origin === "ip" ? "127.0.0.1" : undefined });
  const { wishes, kubeconfig, current } = await wishesOf(invocation, settings.targets);
  const report = reportTo(system, settings);
  const { presets = [], contexts } = invocation;
  const keys = targetKeys(wishes, settings, presets);
  const stopped = new AbortController();
  const signal = AbortSignal.any([invocation.signal, stopped.signal]);
  if (await attach({ system, settings, keys, report, signal })) return 0;
  using watched = watchKubeconfig({
    system,
    first: kubeconfig,
    configs: [...new Set(wishes.map(({ config }) => config))],
    current,
    read: async () => await readKubeconfig(invocation),
    select: async (found, context) => await selectClient(invocation, found, context),
    onChange: (changes) => report.emit({ event: "kubeconfig", changes }),
  });
  const stop = (): void => stopped.abort();
  const { notice } = watched;
  await using served = await openPages({
    system,
    settings,
    wishes,
    presets,
    contexts,
    report,
    signal,
    stop,
    notice,
  });
  await using _instance = await answerOthers(system, instanceView({ system, served, wishes, keys, signal }));
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
