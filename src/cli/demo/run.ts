import { startDemo } from "../../demo/index.ts";
import { loadKubeconfig, selectContext } from "../../kubeconfig/index.ts";
import { parseTarget } from "../../route/index.ts";
import { choiceOf } from "../choice.ts";
import type { Invocation } from "../command.ts";
import { reportTo } from "../open/report.ts";
import { untilAborted } from "../open/run.ts";
import type { OpenSettings } from "../open/settings.ts";
import { openPages } from "../open/pages.ts";
import { credentialSources } from "../open/sources.ts";
import { refuseOperands } from "../options.ts";
import { fetchAsBrowser } from "./fetch.ts";

/** `kauth demo`: the path of `kauth open`, against a cluster in this process. */
export async function runDemo(invocation: Invocation): Promise<number> {
  const { system, options, signal } = invocation;
  refuseOperands(invocation, "run the demo");
  const once = options.boolean("once");
  const plugin = options.string("plugin");
  const addresses = options.list("address");
  const settings: OpenSettings = {
    targets: ["svc/ui"],
    list: false,
    addresses: addresses.length === 0 ? ["127.0.0.1:0"] : addresses,
    openBrowser: !once && !options.boolean("skip-open-browser"),
    origin: "name",
    carrier: choiceOf("tunnel", options.string("tunnel"), ["auto", "spdy", "websocket"], "auto"),
    anonymous: false,
    serviceAccount: undefined,
    leg: "pod",
    readOnly: false,
    sendBroadToken: false,
    headers: [],
    confirm: false,
    preserveOrigin: false,
    upstreamCa: undefined,
    apiTokenFile: undefined,
    noSession: false,
    output: "text",
    printLink: false,
    plugins: { signal },
  };
  const words = (plugin ?? "").split(" ").filter((word) => word !== "");
  const [command, ...args] = words;
  await using demo = await startDemo({
    system,
    ...(command === undefined ? {} : { plugin: { command, args } }),
  });
  if (!once) system.log.say("A cluster for show runs in this process; a person was made up for it:");
  const config = selectContext(await loadKubeconfig(system, { explicit: demo.kubeconfig }), {}, system);
  const report = reportTo(system, settings);
  const stopped = new AbortController();
  const until = AbortSignal.any([signal, stopped.signal]);
  await using served = await openPages({
    system,
    settings,
    sources: credentialSources(system, settings),
    wishes: settings.targets.map((target) => ({ config, reference: parseTarget(target) })),
    report: once ? { emit: () => undefined } : report,
    signal: until,
    stop: () => stopped.abort(),
    // It is our own and stays as it is.
    notice: () => undefined,
  });
  if (once) {
    const seen = await fetchAsBrowser(served.newLink().reveal(), "/api/me");
    system.log.out(`signed in as ${seen}`);
    return 0;
  }
  await served.launch(until);
  await untilAborted(until);
  await served.drain();
  return 0;
}
