import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import { credentialHeaders, type Credential, type Method } from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import type { AuthorizeRequest, Upstream } from "../../proxy/index.ts";
import { between } from "../../base/units.ts";
import type { Route } from "../../route/index.ts";
import { bearerOf, refuseMethod, type TokenWish } from "../bearer.ts";
import { refuseBroadToken } from "./consent.ts";
import type { CredentialDoubt } from "./doubt.ts";
import type { IdentityPin } from "./identity-pin.ts";
import type { SignIn } from "./sign-in.ts";

/** Milliseconds for which what the source gave is given again without asking it: a page is some dozen requests. */
const IN_HAND = 500;

/**
 * How often a credential may be replaced while it is asked whose it is. One that ends at once is never the same twice,
 * and each time is one more run of its plugin.
 */
const ROUNDS = 3;

export interface CredentialOptions {
  readonly system: System;
  readonly source: SignIn;
  /** Whose credential it has to be. */
  readonly pin: IdentityPin;
  readonly doubt: CredentialDoubt;
  /** What says in each request who the person is. @throws {KnownError} NO_BEARER_TOKEN, TOKEN_TOO_BROAD */
  readonly headersOf: (credential: Credential) => RawHeaders;
  /** Somebody asks for something. */
  readonly onUse: () => void;
}

export interface UpstreamOptions extends Omit<CredentialOptions, "headersOf"> {
  readonly route: Route;
  /** The pod gets no credential: `--anonymous`, the direct leg, or a UI that would do nothing with it (R-N11). */
  readonly anonymous: boolean;
  /** `--send-token-to-pod`. */
  readonly sendBroadToken: boolean;
  /** `Impersonate-*` headers that go along with the credential, from the kubeconfig and the flags. */
  readonly impersonate: RawHeaders;
  /**
   * Those of recipes, which say who the pinned person is, with a credential or without. Asked for each credential, since
   * the pages may have been opened anew as somebody else. Undefined: there are none. @throws {KnownError}
   */
  readonly headers?: (() => RawHeaders) | undefined;
}

/** Headers of a credential that is renewed when it is refused, and that nobody else's can take the place of. */
export function credentialUpstream(
  options: CredentialOptions,
): Required<Pick<Upstream, "authorize" | "ready">> {
  const { source, pin, system } = options;
  let last: { readonly credential: Credential; readonly headers: RawHeaders } | undefined;
  /** When the source last gave what is in hand. Monotonic. */
  let givenAt = Number.NEGATIVE_INFINITY;
  /** Undefined: replaced before it was known whose it is. */
  const headersOf = async (credential: Credential, signal: AbortSignal): Promise<RawHeaders | undefined> => {
    if (last?.credential === credential) return last.headers;
    if (!(await pin.check(credential, signal))) return undefined;
    const headers = options.headersOf(credential);
    last = { credential, headers };
    return headers;
  };
  const renewed = async (rejected: RawHeaders, signal: AbortSignal): Promise<Credential | undefined> => {
    // Somebody else's newer headers are in hand already: they are the renewed ones.
    if (last?.headers !== rejected) return await source.get({ early: true, signal });
    const credential = await source.renew(last.credential, { signal });
    const state = source.state();
    // The UI's 401 would show its login page, where nobody can sign in.
    if (credential === undefined && state.kind === "failed") throw state.error;
    return credential;
  };
  const authorize = async ({ rejected, doubtful, signal }: AuthorizeRequest): Promise<RawHeaders> => {
    options.onUse();
    // A plugin is run only for what the API server refuses itself.
    if (doubtful === true && last !== undefined && last.headers === rejected) {
      if (await options.doubt.isGood(last.credential, signal)) return rejected;
    }
    if (rejected !== undefined) givenAt = Number.NEGATIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round += 1) {
      signal.throwIfAborted();
      const credential =
        rejected === undefined ? await source.get({ early: true, signal }) : await renewed(rejected, signal);
      if (credential === undefined) return rejected ?? [];
      const headers = await headersOf(credential, signal);
      if (headers === undefined) continue;
      givenAt = system.monotonic();
      return headers;
    }
    throw new KnownError(
      "IDENTITY_UNKNOWN",
      "Cannot use the new credential: it ends before the API server has said whose it is",
    );
  };
  return {
    authorize,
    ready: () => {
      options.onUse();
      const now = system.monotonic();
      if (last === undefined || now - givenAt > IN_HAND || source.state().kind !== "well") return undefined;
      const end = last.credential.expiresAt;
      return end === undefined || between(system.now(), end) > 2 * IN_HAND ? last.headers : undefined;
    },
  };
}

const NOBODY: Required<Pick<Upstream, "authorize" | "ready">> = {
  authorize: () => Promise.resolve([]),
  ready: () => [],
};

/** What the proxy knows of the world: streams from the route, headers from the credential. */
export function podUpstream(options: UpstreamOptions): Upstream {
  const { route, source, headers } = options;
  const headersOf = (credential: Credential): RawHeaders => [
    ...(options.anonymous ? [] : podHeaders(credential, options.sendBroadToken)),
    ...(options.anonymous ? [] : options.impersonate),
    ...(headers?.() ?? []),
  ];
  // A name in a header is somebody's as a token is: it goes nowhere once the credential is another's (R-N4).
  const isNobody = options.anonymous && headers === undefined;
  return {
    dial: async (request) => await route.dial({ bulk: request.bulk, signal: request.signal }),
    ...(isNobody ? NOBODY : credentialUpstream({ ...options, headersOf })),
    peer: () => route.peer,
    onGone: (listener) => route.onGone(listener),
    trouble: () => {
      const state = source.state();
      return state.kind === "failed" ? state.error : route.trouble();
    },
  };
}

const WISH: TokenWish = { purpose: "sign in to the UI" };

/** @throws {KnownError} NO_BEARER_TOKEN */
export const refuseWithoutToken = (method: Method, config: ClientConfig): void =>
  refuseMethod(method, { ...WISH, config });

/**
 * The one header that goes into the pod. Basic credentials and certificates never do (decisions.md "No bearer
 * token").
 * @throws {KnownError} NO_BEARER_TOKEN, TOKEN_TOO_BROAD
 */
export const podHeaders = (credential: Credential, sendBroadToken: boolean): RawHeaders => {
  refuseBroadToken(bearerOf(credential, WISH), sendBroadToken);
  return credentialHeaders(credential);
};
