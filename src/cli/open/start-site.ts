import { CODES } from "../../base/codes.ts";
import { isKnownError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";
import {
  hostAndPort,
  startForwarder,
  type Forwarder,
  type Origin,
  type StartView,
} from "../../proxy/index.ts";
import { endOf } from "../identity.ts";
import type { OpenCluster } from "./cluster.ts";
import { untilText } from "./report.ts";
import type { Target, TargetState } from "./target.ts";

export interface StartSiteOptions {
  readonly system: System;
  readonly host: string;
  readonly clusters: readonly OpenCluster[];
  readonly targets: readonly Target[];
  /** A launch link of the target. */
  readonly linkTo: (target: Target) => Secret;
  readonly port: number;
}

const HEALTH: Readonly<Record<TargetState, string>> = {
  idle: "not opened yet",
  resolving: "looking for its pod",
  dialling: "connecting",
  up: "connected",
  draining: "moving to another pod",
  down: "not reachable now",
  closed: "closed",
};

/** Of a credential that has ended the state says so; that it "ends in 0 s" would not be true. */
export const leftText = (end: EpochMillis | undefined, now: EpochMillis): string | undefined =>
  end === undefined || end <= now ? undefined : untilText(end, now);

/** The start page's origin: no upstream, its own session, and all that a person may press (security.md R-N6). */
export function startSite(options: StartSiteOptions): {
  readonly site: Origin;
  readonly forwarder: Forwarder;
} {
  const { system, clusters, targets, linkTo, port } = options;
  const [only, ...more] = targets;
  const view = (): StartView => {
    const [first] = clusters;
    const state = first?.source.state() ?? { kind: "well" };
    const error = state.kind === "failed" ? state.error : undefined;
    return {
      user: first?.pin.name(),
      signIn: state.kind,
      reason: isKnownError(error) ? `${CODES[error.code].means} ${CODES[error.code].next}` : undefined,
      ends: leftText(endOf(first?.source.current()), system.now()),
      targets: targets.map(({ origin, state: stateOf }) => ({
        title: origin.title,
        url: `http://${hostAndPort(origin.host, port)}${origin.path}`,
        health: HEALTH[stateOf()],
      })),
    };
  };
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
      view,
      signIn: () => {
        for (const { source } of clusters) void source.again();
      },
    }),
  };
}
