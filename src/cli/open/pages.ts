import { messageOf } from "../../base/errors.ts";
import { redact } from "../../base/redact.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { targetText, type TargetReference } from "../../route/index.ts";
import type { UserPreset } from "../../ui/index.ts";
import type { ContextLook } from "../config-contexts.ts";
import { withEnd } from "../credential-text.ts";
import { endOf } from "../identity.ts";
import { openCluster, type OpenCluster } from "./cluster.ts";
import { openFront, type Front, type FrontTarget } from "./front.ts";
import { keepFresh } from "./keep-fresh.ts";
import { about, type LabelledReport, type OpenEvent, type Report, type Subject } from "./report.ts";
import { sentInFull } from "./sent.ts";
import { serveTargets, type Served } from "./serve.ts";
import type { OpenSettings } from "./settings.ts";
import { reportSignIn } from "./sign-in-events.ts";
import { accountText } from "./service-account.ts";
import type { Sources } from "./sources.ts";
import { createTarget, type OpenedTarget, type Target } from "./target.ts";
import { pagePath, wantsToken } from "./ui-plan.ts";
import { tuneHeap } from "../tune-heap.ts";

/** A target in a cluster. Those of one cluster share one `config`. */
export interface Wish {
  readonly config: ClientConfig;
  readonly reference: TargetReference;
  /** Id of the UI that it was found as. Undefined: somebody has named the Service itself. */
  readonly ui?: string;
}

export interface PagesRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  /** At least one, each of them another one. */
  readonly wishes: readonly Wish[];
  /** Of config.yaml. Default: none. */
  readonly presets?: readonly UserPreset[];
  readonly sources: Sources;
  readonly report: LabelledReport;
  readonly signal: AbortSignal;
  /** Ends the program, as a signal does. */
  readonly stop: () => void;
  /** What a person should know of the kubeconfig that a cluster was selected with. */
  readonly notice: (config: ClientConfig) => string | undefined;
  /** How contexts are marked, by their names. Default: none is. */
  readonly contexts?: ReadonlyMap<string, ContextLook> | undefined;
}

/** Milliseconds without a request after which nobody uses a page. */
const IN_USE = 600_000;

/**
 * Signs in and serves the targets; the pages answer when this resolves. One target's pod is found and connected to
 * before that, so that whatever is wrong is said at once; of several each when somebody first opens it.
 * @throws {KnownError}
 */
export async function openPages(request: PagesRequest): Promise<Served> {
  const { system, settings, wishes, presets = [], report, signal } = request;
  tuneHeap(system);
  const many = wishes.length > 1;
  const reportOn = (subject: Subject): Report => (many ? about(report, subject) : report);
  let served: Served | undefined;
  let targets: readonly Target[] = [];
  let front: Front | undefined;
  const configs = [...new Set(wishes.map(({ config }) => config))];
  const clusters = configs.map((config, index) =>
    openCluster({
      system,
      settings,
      config,
      id: `c${index}`,
      report: reportOn({ context: config.contextName }),
      signal,
      several: configs.length > 1,
      wantsToken: wishes.every(
        (wish) =>
          wish.config !== config ||
          wantsToken(wish.reference, settings, presets, request.sources.of(config).method),
      ),
      plain: request.sources.of(config),
      onChange: () => {
        for (const target of targets) if (target.cluster.config === config) served?.endSessions(target);
      },
    }),
  );
  try {
    if (!settings.anonymous) await signIn(clusters, system, signal);
    // It takes the API server as long as it takes us to listen.
    if (!many && !settings.anonymous && settings.serviceAccount === undefined)
      clusters[0]?.people().catch((): void => undefined);
    front = await openFront({ system, settings, targets: wishes.map((wish) => frontTarget(wish, clusters)) });
    const own = front;
    const tell = (target: Target, found: OpenedTarget): void => {
      if (served !== undefined) report.emit(readyEvent(target, found, { served, settings }));
    };
    targets = wishes.map(({ config, reference, ui }, index): Target => {
      const namespace = reference.namespace ?? config.namespace;
      const { contextName: context } = config;
      const where = configs.length === 1 ? namespace : `${namespace}, ${context ?? "in-cluster"}`;
      const target = createTarget({
        system,
        settings,
        cluster: clusterOf(config, clusters),
        reference,
        ui,
        presets,
        id: `t${index}`,
        front: own,
        origin: {
          host: own.hosts[index] ?? "",
          title: `${targetText(reference)} in ${where}`,
          path: pagePath(reference, presets, ui),
          readOnly: settings.readOnly,
        },
        report: reportOn({ target: targetText(reference), namespace, context }),
        signal,
        onOpen: (found) => tell(target, found),
      });
      return target;
    });
    const early = !many || settings.confirm;
    const found = early ? await openAll(targets, signal) : [];
    served = await serveTargets({ ...request, front, clusters, targets });
    request.sources.serve();
    for (const { source, config } of clusters)
      reportSignIn(source, reportOn({ context: config.contextName }), system);
    if (!settings.anonymous)
      for (const cluster of clusters) {
        const used = (): boolean =>
          targets.some((target) => target.cluster === cluster && isUsed(target, system));
        void keepFresh({ source: cluster.pod.source, system, signal, used });
      }
    if (many) report.emit(servingEvent(targets, served, settings));
    for (const [index, target] of targets.entries()) {
      const each = found[index];
      if (each !== undefined) tell(target, each);
    }
    if (many && !settings.anonymous)
      for (const cluster of clusters) cluster.people().catch((): void => undefined);
    return served;
  } catch (error) {
    await front?.listener[Symbol.asyncDispose]();
    for (const target of targets) await target[Symbol.asyncDispose]();
    for (const cluster of clusters) await cluster[Symbol.asyncDispose]();
    const [only] = clusters;
    throw withEnd(error, only?.source.current(), system.now());
  }
}

/** Several may each have a terminal to themselves, so one after the other. */
const signIn = async (
  clusters: readonly OpenCluster[],
  system: System,
  signal: AbortSignal,
): Promise<void> => {
  const failures: unknown[] = [];
  for (const cluster of clusters)
    try {
      await cluster.signIn();
    } catch (error) {
      if (clusters.length === 1 || signal.aborted) throw error;
      failures.push(error);
      const context = escapeLine(cluster.config.contextName ?? "in-cluster");
      system.log.warn(`Cannot sign in to "${context}": ${escapeLine(redact(messageOf(error)))}`);
    }
  // Of a start page where nothing can be opened nobody has anything.
  if (failures.length === clusters.length) throw failures[0];
};

const openAll = async (targets: readonly Target[], signal: AbortSignal): Promise<readonly OpenedTarget[]> => {
  const found: OpenedTarget[] = [];
  // One after the other, since each may ask a question.
  for (const target of targets) found.push(await target.open(signal));
  return found;
};

const clusterOf = (config: ClientConfig, clusters: readonly OpenCluster[]): OpenCluster => {
  const found = clusters.find((each) => each.config === config);
  if (found === undefined) throw new TypeError("each wish has its cluster");
  return found;
};

const frontTarget = ({ config, reference }: Wish, clusters: readonly OpenCluster[]): FrontTarget => ({
  config,
  reference,
  server: clusterOf(config, clusters).connection.server,
});

const isUsed = ({ forwarder, usedAt }: Target, system: System): boolean =>
  forwarder.active > 0 || system.monotonic() - usedAt() < IN_USE;

const servingEvent = (targets: readonly Target[], served: Served, settings: OpenSettings): OpenEvent => ({
  event: "serving",
  url: served.url,
  targets: targets.map((target) => ({
    target: targetText(target.reference),
    namespace: target.namespace,
    context: target.cluster.config.contextName,
    url: served.urlOf(target),
  })),
  readOnly: settings.readOnly,
  addresses: served.addresses,
  apiTokenFile: settings.apiTokenFile,
});

const readyEvent = (
  target: Target,
  { backend, acting, plan, keptBack, leg }: OpenedTarget,
  { served, settings }: { readonly served: Served; readonly settings: OpenSettings },
): OpenEvent => {
  const { cluster, reference } = target;
  const { config, source } = cluster;
  const end = settings.anonymous ? undefined : endOf(cluster.pod.source.current());
  const { serviceAccount } = settings;
  return {
    event: "ready",
    url: served.urlOf(target),
    target: targetText(reference),
    port: backend.port,
    scheme: backend.scheme,
    namespace: backend.namespace,
    context: config.contextName,
    kubeconfig: config.userOrigin,
    pod: backend.pod,
    image: backend.image,
    user: cluster.known()?.who?.username,
    impersonation: acting,
    serviceAccount: serviceAccount === undefined ? undefined : accountText(serviceAccount),
    method: settings.anonymous ? "none" : source.method,
    credential: sentInFull({ plan, leg, keptBack }, settings, source),
    expiresAt: end === undefined ? undefined : new Date(end).toISOString(),
    readOnly: settings.readOnly,
    addresses: served.addresses,
    apiTokenFile: settings.apiTokenFile,
  };
};
