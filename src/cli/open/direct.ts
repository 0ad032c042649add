import { whoAmI } from "../../api/index.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { Credential, Method } from "../../credentials/index.ts";
import {
  createForwarder,
  createLegs,
  isRead,
  type AskedRequest,
  type Forwarder,
  type ForwarderOptions,
  type Site,
  type SiteHooks,
} from "../../proxy/index.ts";
import { directLeg } from "../../ui/index.ts";
import { givesNoToken } from "../bearer.ts";
import { apiUpstream, type ApiUpstreamOptions } from "./api-upstream.ts";
import { headlampCookie } from "./direct-cookie.ts";
import { FIXED_PLACE, headlampPlace } from "./direct-place.ts";
import { credentialUpstream, podHeaders } from "./upstream.ts";

export interface DirectOptions extends ApiUpstreamOptions {
  /** Of the pod; nothing of the person goes there. */
  readonly site: Site;
  readonly forwarding: ForwarderOptions;
  /** The UI is Headlamp: it says itself what it names its cluster, and some of its functions are known. */
  readonly headlamp: boolean;
  /** Why the UI's back end gets no token for what needs it; undefined: it does. */
  readonly keptBack: string | undefined;
}

/** The API for the pages of a site, from this machine; everything else goes to the pod without a credential. */
export function directForwarder(options: DirectOptions): Forwarder {
  const { connection, site, system, forwarding } = options;
  const closed = new AbortController();
  const upstream = apiUpstream(options);
  const place = options.headlamp ? headlampPlace(site, system, closed.signal) : FIXED_PLACE;
  const leg = directLeg({
    headlamp: options.headlamp,
    place: place.known,
    find: place.find,
    origin: new URL(connection.server).origin,
    prefix: connection.prefix,
    keptBack: options.keptBack,
    me: async () => {
      const { signal } = closed;
      // Before and after: whose it is may change while it is asked (security.md R-N4).
      await upstream.authorize({ signal });
      const who = await whoAmI(connection, { signal });
      await upstream.authorize({ signal });
      return { username: who?.username ?? "", email: "", groups: who?.groups ?? [], userInfoURL: "" };
    },
  });
  const direct: Site = {
    ...site,
    upstream,
    // TLS is the connection's own, with the kubeconfig's authorities.
    scheme: "http",
    authority: connection.authority,
    narrow: leg.narrow,
    hooks: apiHooks(site.hooks ?? {}, leg.below),
  };
  /** The pod, with what `headersOf` makes of the credential, and with no cookie of the browser's. */
  const trusted = (headersOf: (credential: Credential) => RawHeaders): Forwarder =>
    createForwarder(
      {
        ...site,
        stripCookies: ["*"],
        upstream: { ...site.upstream, ...credentialUpstream({ ...options, headersOf }) },
      },
      forwarding,
    );
  const legs = createLegs({
    system,
    choose: leg.choose,
    mayWait: mayWait(direct.hooks ?? {}),
    start: site.start,
    onIncident: forwarding.onIncident,
    legs: {
      pod: createForwarder(site, forwarding),
      direct: createForwarder(direct, forwarding),
      header: trusted((credential) => podHeaders(credential, true)),
      cookie: trusted((credential) => headlampCookie(credential, place.known()?.cluster ?? "")),
    },
  });
  return {
    ...legs,
    get active() {
      return legs.active;
    },
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await legs[Symbol.asyncDispose]();
    },
  };
}

/** Reads, watches, and what is known to change nothing. */
const mayWait =
  ({ resumable, repeatable }: SiteHooks) =>
  (asked: AskedRequest): boolean => {
    if (asked.upgrade) return resumable?.(asked) !== undefined;
    return isRead(asked) || repeatable?.(asked) === true;
  };

/** A fixed sentence, for whoever clicks on what does not work; undefined: the UI's back end may have the token. */
export const whyKeptBack = ({
  wanted,
  method,
  impersonating,
}: {
  /** `--send-token-to-pod`. */
  readonly wanted: boolean;
  readonly method: Method;
  /** The kubeconfig or a flag says to act as somebody else. */
  readonly impersonating: boolean;
}): string | undefined => {
  if (impersonating)
    return "This function works in the UI's pod, which would act as yourself and not as whom you act as.";
  if (givesNoToken(method))
    return "This function works in the UI's pod with a token, and your kubeconfig gives none.";
  return wanted
    ? undefined
    : "This function works in the UI's pod, which does not get your token. Open the UI with --send-token-to-pod to let it have it.";
};

/**
 * All that is known of the UI holds on this way too, but for what its own back end says of a credential, and wants as a
 * cookie. A read that is forbidden may be one that a starting API server knows no roles for.
 */
const apiHooks = (hooks: SiteHooks, below: (target: string) => string): SiteHooks => {
  const { refused: _refused, refusedIn: _refusedIn, cookies: _cookies, ...others } = hooks;
  const { repeatable, expendable, comesBack, added } = others;
  const at = <T extends { readonly target: string }>(asked: T): T => {
    const target = below(asked.target);
    return target === asked.target ? asked : { ...asked, target };
  };
  return {
    ...others,
    refused: (_asked, { status }) => (status === 401 ? "yes" : status === 403 ? "perhaps" : "no"),
    ...(repeatable === undefined ? {} : { repeatable: (asked) => repeatable(at(asked)) }),
    ...(expendable === undefined ? {} : { expendable: (asked) => expendable(at(asked)) }),
    ...(comesBack === undefined ? {} : { comesBack: (asked) => comesBack(at(asked)) }),
    ...(added === undefined ? {} : { added: (asked, ...more) => added(at(asked), ...more) }),
  };
};
