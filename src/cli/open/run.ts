import { connect } from "../../api/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { candidatesOf } from "../../proxy/index.ts";
import { parseTarget } from "../../route/index.ts";
import { presetsWith } from "../../ui/index.ts";
import type { Invocation } from "../command.ts";
import { readKubeconfig, selectClient } from "../identity.ts";
import { attach } from "./attach.ts";
import { isCertain } from "./by-name.ts";
import { chooseTarget, listUis, namedTarget, type FindRequest } from "./find.ts";
import { answerOthers } from "./instance.ts";
import { instanceView } from "./instance-view.ts";
import { watchKubeconfig } from "./kubeconfig-change.ts";
import { openPages } from "./pages.ts";
import { reportTo } from "./report.ts";
import { openSettings, type OpenSettings } from "./settings.ts";
import { credentialSources, type Sources } from "./sources.ts";
import { targetKeys } from "./target-keys.ts";
import { uiTable } from "./ui-table.ts";
import { isCurrent, wishesOf, type Wishes } from "./wishes.ts";

/** `kauth open`: from the words on the command line to pages that are signed in. */
export async function runOpen(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  const settings = await openSettings(invocation);
  // Before anything is read or dialled: an address that others reach is refused (security.md R-A1).
  candidatesOf({ addresses: settings.addresses, ip: settings.origin === "ip" ? "127.0.0.1" : undefined });
  const sources = credentialSources(system, settings);
  const found = await wanted(invocation, settings, sources);
  if (found === undefined) return 0;
  const { wishes, kubeconfig, current } = found;
  const report = reportTo(system, settings);
  const { presets = [], contexts } = invocation;
  const keys = targetKeys(wishes, settings, presets, system.env);
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
    sources,
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

/** What is to be opened; undefined where that is nothing. @throws {KnownError} */
const wanted = async (
  invocation: Invocation,
  settings: OpenSettings,
  sources: Sources,
): Promise<Wishes | undefined> => {
  const { targets, list, output } = settings;
  const table = uiTable(presetsWith(invocation.presets ?? []));
  const find = async <T>(config: ClientConfig, act: (request: FindRequest) => Promise<T>): Promise<T> => {
    const source = sources.of(config);
    await using connection = connect(config, source, invocation.system);
    const { namespace, contextName: context } = config;
    return await act({ invocation, connection, namespace, context, table, output, method: source.method });
  };
  if (targets.length > 0)
    return await wishesOf(invocation, targets, async (target, config) =>
      isCertain(target, table.all)
        ? { reference: parseTarget(target) }
        : await find(config, async (request) => await namedTarget(target, request)),
    );
  const kubeconfig = await readKubeconfig(invocation);
  const config = await selectClient(invocation, kubeconfig);
  if (list) {
    await find(config, listUis);
    return undefined;
  }
  const meant = await find(config, chooseTarget);
  if (meant === undefined) return undefined;
  return { wishes: [{ config, ...meant }], kubeconfig, current: isCurrent(invocation) };
};

/** Resolves at the first SIGINT or SIGTERM. */
export const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
};
