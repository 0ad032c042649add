import { CODES } from "../../base/codes.ts";
import { isKnownError, type KnownError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";
import {
  startForwarder,
  type ClusterView,
  type Forwarder,
  type Origin,
  type TargetView,
} from "../../proxy/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import type { ContextLook } from "../config-contexts.ts";
import { endOf } from "../identity.ts";
import type { OpenCluster } from "./cluster.ts";
import { untilText } from "./report.ts";
import { sentText } from "./sent.ts";
import type { OpenSettings } from "./settings.ts";
import type { Target, TargetState } from "./target.ts";

export interface StartSiteOptions {
  readonly system: System;
  readonly host: string;
  readonly clusters: readonly OpenCluster[];
  readonly targets: readonly Target[];
  /** Only what reads passes. */
  readonly readOnly: boolean;
  /** Whose tokens the UIs get instead of the person's. */
  readonly serviceAccount: OpenSettings["serviceAccount"];
  /** What a person should know of the kubeconfig that a cluster was selected with. */
  readonly notice: (config: ClientConfig) => string | undefined;
  /** How contexts are marked, by their names. Default: none is. */
  readonly contexts: ReadonlyMap<string, ContextLook> | undefined;
  /** A launch link of the target. */
  readonly linkTo: (target: Target) => Secret;
  /** Ends the program, as a signal does. */
  readonly stop: () => void;
}

const HEALTH: Readonly<Record<TargetState, Pick<TargetView, "health" | "tone">>> = {
  idle: { health: "not opened yet", tone: "idle" },
  resolving: { health: "looking for its pod", tone: "waiting" },
  dialling: { health: "connecting", tone: "waiting" },
  up: { health: "connected", tone: "well" },
  draining: { health: "moving to another pod", tone: "waiting" },
  down: { health: "not reachable now", tone: "trouble" },
  closed: { health: "closed", tone: "idle" },
};

/** With the fixed sentences of its code: no text of a server's is on a page. */
export const healthOf = (
  state: TargetState,
  trouble: KnownError | undefined,
): Pick<TargetView, "health" | "tone"> => {
  // Whoever is up and has a trouble was refused before anything was asked of it.
  if (trouble === undefined || (state !== "down" && state !== "up")) return HEALTH[state];
  const { means, next } = CODES[trouble.code];
  return { health: `${HEALTH.down.health}: ${means} ${next}`, tone: "trouble" };
};

/** Of a credential that has ended the state says so; that it "ends in 0 s" would not be true. */
export const leftText = (end: EpochMillis | undefined, now: EpochMillis): string | undefined =>
  end === undefined || end <= now ? undefined : untilText(end, now);

const clusterView = (
  { id, config, source, pod }: OpenCluster,
  {
    now,
    notice,
    look,
  }: {
    readonly now: EpochMillis;
    readonly notice: string | undefined;
    readonly look: ContextLook | undefined;
  },
): ClusterView => {
  const state = source.state();
  const error = state.kind === "failed" ? state.error : undefined;
  return {
    id,
    context: config.contextName ?? "in-cluster",
    user: pod.pin.name(),
    signIn: state.kind,
    reason: isKnownError(error) ? `${CODES[error.code].means} ${CODES[error.code].next}` : undefined,
    ends: leftText(endOf(pod.source.current()), now),
    production: look?.production ?? false,
    color: look?.color,
    notice,
  };
};

/** Before its pod is found nobody knows. */
const sentOf = ({ opened }: Target, options: StartSiteOptions): string | undefined => {
  const found = opened();
  return found === undefined ? undefined : sentText(found, options);
};

/** The start page's origin: no upstream, its own session, and all that a person may press (security.md R-N6). */
export function startSite(options: StartSiteOptions): {
  readonly site: Origin;
  readonly forwarder: Forwarder;
} {
  const { system, clusters, targets, linkTo } = options;
  const [only, ...more] = targets;
  return {
    site: {
      host: options.host,
      title: "kauth",
      path: "/",
      // With one target nobody has to choose.
      ...(only === undefined || more.length > 0 ? {} : { next: () => linkTo(only) }),
    },
    forwarder: startForwarder({
      system,
      view: () => ({
        clusters: clusters.map((cluster) =>
          clusterView(cluster, {
            now: system.now(),
            notice: options.notice(cluster.config),
            look: options.contexts?.get(cluster.config.contextName ?? ""),
          }),
        ),
        targets: targets.map((target) => ({
          id: target.id,
          title: target.origin.title,
          cluster: target.cluster.id,
          ...healthOf(target.state(), target.trouble()),
          readOnly: options.readOnly,
          sends: sentOf(target, options),
        })),
      }),
      signIn: (id) => void clusters.find((cluster) => cluster.id === id)?.source.again(),
      go: (id) => {
        const target = targets.find((each) => each.id === id);
        return target === undefined ? undefined : linkTo(target);
      },
      stop: options.stop,
    }),
  };
}
