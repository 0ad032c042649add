import type { JWTVerifyGetKey } from "jose";
import { KnownError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { epochMillis, isDate } from "../base/units.ts";
import { verifyAccessToken } from "./access-token.ts";
import type { Entry } from "./cache.ts";
import { verifyIdToken } from "./id-token.ts";
import { saidBy } from "./life.ts";
import type { SignInAround, SignInWishes } from "./sign-in-types.ts";
import type { Party } from "./token-request.ts";
import type { Claims, Tokens } from "./types.ts";

export interface Settling {
  /** What the request said. */
  readonly nonce?: string;
  /** Throws where what is verified is another's. */
  readonly check?: (claims: Claims) => void;
  /** The same for an access token that is the credential. */
  readonly checkAccess?: (token: Secret) => void;
}

/** From tokens that a provider gave to an entry that is verified and kept. */
export type Settle = (tokens: Tokens, how?: Settling) => Promise<Entry>;

/** Written first, then given: a rotated refresh token is never lost (security.md R-J7). */
export const settler =
  (party: Party, wishes: SignInWishes, around: SignInAround, key: JWTVerifyGetKey): Settle =>
  async (tokens, { nonce, check, checkAccess } = {}) => {
    const { metadata, wire, system } = party;
    const expected = {
      metadata,
      clientId: wishes.clientId,
      now: system.now(),
      skew: wire.skew(),
      // An exchange gives one token in both places, which then has no other beside it.
      accessToken: tokens.idToken?.equals(tokens.accessToken) === true ? undefined : tokens.accessToken,
      nonce,
    };
    if (tokens.idToken !== undefined) {
      const claims = await verifyIdToken(tokens.idToken, key, expected);
      check?.(claims);
    } else if (!wishes.useAccessToken)
      throw new KnownError("OIDC_CLIENT_REFUSED", "Cannot use the provider's answer: it holds no ID token", {
        hint: "Ask whoever runs the provider to give this client ID tokens (scope openid), or send the access token: --oidc-use-access-token.",
      });
    if (wishes.useAccessToken) {
      await verifyAccessToken(tokens.accessToken, key, { ...expected, audience: wishes.audience });
      checkAccess?.(tokens.accessToken);
    }
    const entry: Entry = {
      idToken: tokens.idToken,
      accessToken: wishes.useAccessToken ? tokens.accessToken : undefined,
      refreshToken: tokens.refreshToken,
      expiresAt: tokens.expiresAt,
      obtainedAt: expected.now,
      skew: expected.skew,
      about: { issuer: wishes.issuer, clientId: wishes.clientId, account: wishes.account },
    };
    await around.storage?.write(wishes.key, entry);
    return entry;
  };

/** What an ID token says that was verified when it was kept. Undefined: it cannot be read. */
export const settledClaims = (token: Secret | undefined): Claims | undefined => {
  const said = saidBy(token);
  if (said === undefined) return undefined;
  const { iss, sub, aud, exp, iat, azp, nonce } = said;
  if (typeof iss !== "string" || typeof sub !== "string") return undefined;
  const when = (value: unknown): Claims["exp"] =>
    epochMillis(typeof value === "number" && isDate(value * 1000) ? value * 1000 : 0);
  return {
    iss,
    sub,
    aud: (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === "string"),
    exp: when(exp),
    iat: when(iat),
    azp: typeof azp === "string" ? azp : undefined,
    nonce: typeof nonce === "string" ? nonce : undefined,
    all: said,
  };
};
