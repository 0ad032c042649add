import * as crypto from "node:crypto";
import { KnownError } from "../base/errors.ts";
import { quoted } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import type { Metadata } from "./types.ts";

/** What is random in a request has 256 bits (security.md R-J1, R-J3). */
const RANDOM_BYTES = 32;

/** `auto`: S256, unless the provider lists methods and S256 is not among them. `S256`: whatever it lists. */
export type PkceMethod = "auto" | "no" | "S256";

export interface AuthorizationWishes {
  readonly clientId: string;
  /** As registered, byte for byte. */
  readonly redirectUri: string;
  /** `openid` is added. */
  readonly scopes: readonly string[];
  readonly pkce: PkceMethod;
  /** Set over ours, but for those that protect the flow. */
  readonly extra?: ReadonlyMap<string, string>;
}

/** One sign-in: where the browser goes, and what its answer is held against. Good once. */
export interface Authorization {
  readonly url: URL;
  readonly redirectUri: string;
  readonly state: Secret;
  readonly nonce: string;
  /** Undefined: without PKCE. */
  readonly verifier: Secret | undefined;
}

/** Whoever could set these could take a sign-in over. */
const OURS: ReadonlySet<string> = new Set([
  "client_id",
  "code_challenge",
  "code_challenge_method",
  "nonce",
  "redirect_uri",
  "response_type",
  "state",
]);

/** `openid` last, as kubelogin has it (oidc.md §1.4). */
export const scopeText = (scopes: readonly string[]): string =>
  [...new Set(scopes.filter((scope) => scope !== "" && scope !== "openid")), "openid"].join(" ");

/**
 * Begins a sign-in in a browser (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636, RFC 9700 §2.1.1).
 * @throws {KnownError} OIDC_PKCE_REFUSED, OIDC_PROVIDER_INVALID, USAGE
 */
export function beginAuthorization(
  metadata: Pick<Metadata, "issuer" | "authorizationEndpoint" | "challengeMethods">,
  wishes: AuthorizationWishes,
  system: Pick<System, "random">,
): Authorization {
  const { authorizationEndpoint } = metadata;
  if (authorizationEndpoint === undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot sign in with a browser at ${quoted(metadata.issuer)}: it names no authorization_endpoint`,
      { hint: "Sign in another way: --grant-type device-code." },
    );
  const extra = wishes.extra ?? new Map<string, string>();
  for (const name of extra.keys())
    if (OURS.has(name))
      throw new KnownError(
        "USAGE",
        `Cannot set ${quoted(name)} of the authorization request: the sign-in is protected by it`,
        { hint: "Leave it out of --oidc-auth-request-extra-params." },
      );
  const state = randomText(system);
  const nonce = randomText(system);
  const verifier = usesPkce(metadata, wishes.pkce) ? randomText(system) : undefined;
  const url = new URL(authorizationEndpoint);
  const ours = new Map([
    ["access_type", "offline"],
    ["client_id", wishes.clientId],
    ...(verifier === undefined
      ? []
      : ([
          ["code_challenge", challengeOf(verifier)],
          ["code_challenge_method", "S256"],
        ] as const)),
    ["nonce", nonce],
    ["redirect_uri", wishes.redirectUri],
    ["response_type", "code"],
    ["scope", scopeText(wishes.scopes)],
    ["state", state],
    ...extra,
  ]);
  for (const [name, value] of ours) url.searchParams.set(name, value);
  return {
    url,
    redirectUri: wishes.redirectUri,
    state: new Secret(state),
    nonce,
    verifier: verifier === undefined ? undefined : new Secret(verifier),
  };
}

const usesPkce = (
  { issuer, challengeMethods }: Pick<Metadata, "issuer" | "challengeMethods">,
  method: PkceMethod,
): boolean => {
  if (method !== "auto") return method === "S256";
  // Silence is no refusal: servers ignore parameters that they do not know (RFC 6749 §3.1).
  if (challengeMethods !== undefined && !challengeMethods.includes("S256"))
    throw new KnownError(
      "OIDC_PKCE_REFUSED",
      `Cannot sign in at ${quoted(issuer)}: of the ways to protect a code it has ${
        challengeMethods
          .slice(0, 5)
          .map((each) => quoted(each, 20))
          .join(", ") || "none"
      }, not S256`,
    );
  return true;
};

const randomText = (system: Pick<System, "random">): string =>
  system.random(RANDOM_BYTES).toString("base64url");

/** RFC 7636 §4.2. */
const challengeOf = (verifier: string): string =>
  crypto.createHash("sha256").update(verifier, "ascii").digest("base64url");
