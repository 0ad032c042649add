import { CODES } from "../../base/codes.ts";
import { isKnownError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";
import { startForwarder, type Forwarder, type Site, type StartView } from "../../proxy/index.ts";
import type { Route } from "../../route/index.ts";
import { endOf } from "../identity.ts";
import type { IdentityPin } from "./identity-pin.ts";
import { untilText } from "./report.ts";
import type { SignIn } from "./sign-in.ts";

export interface StartSiteOptions {
  readonly system: System;
  readonly host: string;
  readonly source: SignIn;
  readonly pin: IdentityPin;
  readonly route: Pick<Route, "state">;
  readonly target: { readonly title: string; readonly url: string };
  /** A launch link of the target. */
  readonly next: () => Secret;
}

const HEALTH: Readonly<Record<Route["state"]["kind"], string>> = {
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

/** The start page's origin: no upstream, its own session, and the one button that signs in again (security.md R-N6). */
export function startSite(options: StartSiteOptions): { readonly site: Site; readonly forwarder: Forwarder } {
  const { system, source, pin, route, target } = options;
  const view = (): StartView => {
    const state = source.state();
    const error = state.kind === "failed" ? state.error : undefined;
    const end = endOf(source.current());
    return {
      user: pin.name(),
      signIn: state.kind,
      reason: isKnownError(error) ? `${CODES[error.code].means} ${CODES[error.code].next}` : undefined,
      ends: leftText(end, system.now()),
      targets: [{ ...target, health: HEALTH[route.state.kind] }],
    };
  };
  const nobody = (): never => {
    throw new TypeError("nothing stands behind the start page");
  };
  return {
    site: {
      host: options.host,
      title: "kauth",
      upstream: { dial: nobody, authorize: nobody },
      scheme: "http",
      authority: "",
      path: "/",
      stripCookies: [],
      preserveOrigin: false,
      cookiePrefix: undefined,
      upstreamCa: undefined,
      next: options.next,
    },
    forwarder: startForwarder({ system, view, signIn: () => void source.again() }),
  };
}
