import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import {
  credentialHeaders,
  type Credential,
  type CredentialSource,
  type Method,
} from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import type { AuthorizeRequest, Upstream } from "../../proxy/index.ts";
import type { Route } from "../../route/index.ts";
import { bearerOf, refuseMethod, type TokenWish } from "../bearer.ts";
import { refuseBroadToken } from "./consent.ts";

export interface UpstreamOptions {
  readonly system: System;
  readonly route: Route;
  readonly source: CredentialSource;
  /** `--anonymous`: no header at all. */
  readonly anonymous: boolean;
  /** `--send-token-to-pod`. */
  readonly sendBroadToken: boolean;
  /** `Impersonate-*` headers that go along, from the kubeconfig and the flags. */
  readonly impersonate: RawHeaders;
}

/** What the proxy knows of the world: streams from the route, headers from the credential. */
export function podUpstream(options: UpstreamOptions): Upstream {
  const { route, source } = options;
  let last: { readonly credential: Credential; readonly headers: RawHeaders } | undefined;
  const headersOf = (credential: Credential): RawHeaders => {
    if (last?.credential === credential) return last.headers;
    const headers = [...podHeaders(credential, options.sendBroadToken), ...options.impersonate];
    last = { credential, headers };
    return headers;
  };
  const authorize = async (request: AuthorizeRequest): Promise<RawHeaders> => {
    if (options.anonymous) return [];
    const { rejected, signal } = request;
    // Somebody else's newer headers are in hand already: they are the renewed ones.
    if (rejected === undefined || last?.headers !== rejected)
      return headersOf(await source.get({ early: true, signal }));
    const renewed = await source.renew(last.credential, { signal });
    return renewed === undefined ? rejected : headersOf(renewed);
  };
  return {
    dial: async (request) => await route.dial({ bulk: request.bulk, signal: request.signal }),
    authorize,
    trouble: () => route.trouble(),
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
