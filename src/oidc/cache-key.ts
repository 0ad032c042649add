import { encodeKey, keyDigest, type KeyPart } from "../base/key-digest.ts";
import type { Secret } from "../base/secret.ts";

/** Changed when the meaning of an entry changes: old entries are then found no more. */
const VERSION = "kauth-oidc-1";

/** Everything that decides which token is the right one (security.md R-K5). */
export interface KeyInputs {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  /** As given: another order is another key, as it is another request. */
  readonly scopes: readonly string[];
  readonly redirectUri: string | undefined;
  readonly grant: string;
  readonly pkce: string;
  readonly useAccessToken: boolean;
  /** Whom the access token has to be for. */
  readonly audience: string | undefined;
  readonly username: string | undefined;
  readonly account: string | undefined;
  readonly extra: ReadonlyMap<string, string>;
  readonly headers: readonly (readonly [string, string])[];
  /** PEM. */
  readonly ca: string | undefined;
  readonly verify: boolean;
}

/**
 * The name of an entry: SHA-256 over an encoding in which no two different inputs look the same. What has no order
 * (extra parameters, headers) is sorted, so the name is the same in each run (oidc.md §1.6 for how it can be otherwise).
 */
export const cacheKey = (inputs: KeyInputs): string => {
  const parts: readonly KeyPart[] = [
    VERSION,
    inputs.issuer,
    inputs.clientId,
    inputs.clientSecret?.reveal(),
    inputs.scopes,
    inputs.redirectUri,
    inputs.grant,
    inputs.pkce,
    inputs.useAccessToken,
    inputs.audience,
    inputs.username,
    inputs.account,
    sorted([...inputs.extra]),
    sorted(inputs.headers.map(([name, value]) => [name.toLowerCase(), value] as const)),
    inputs.ca,
    inputs.verify,
  ];
  return keyDigest(parts);
};

const sorted = (pairs: readonly (readonly [string, string])[]): readonly KeyPart[] =>
  pairs.map((pair) => encodeKey([...pair])).toSorted();
