import * as crypto from "node:crypto";
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { KnownError, messageOf } from "../base/errors.ts";
import { quoted } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, isDate, millis, type EpochMillis, type Millis } from "../base/units.ts";
import type { Claims, Metadata } from "./types.ts";

/** `none` and what is signed with a shared secret prove nothing (security.md R-J6; RFC 7518 §3.1, RFC 8037, RFC 9864). */
const ALGORITHMS: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** What clocks may differ by where the provider did not say what its own shows (security.md R-J6). */
const TOLERANCE_UNKNOWN = millis(60_000);
/** What is left where it did: whole seconds, and the way. */
const TOLERANCE_KNOWN = millis(5_000);

/** Against what a token is held. */
export interface Expected {
  readonly metadata: Pick<Metadata, "issuer" | "signingAlgorithms">;
  readonly clientId: string;
  /** What the request said; undefined: no request of ours had one. */
  readonly nonce?: string | undefined;
  /** Came with the token, so `at_hash` has to fit it. */
  readonly accessToken?: Secret | undefined;
  readonly now: EpochMillis;
  /** What the provider's clock is ahead of ours by, where known. */
  readonly skew: Millis | undefined;
}

/**
 * Verifies an ID token (OpenID Connect Core 1.0 §3.1.3.7) and says what is in it. Nothing of it is used before.
 * @throws {KnownError} OIDC_TOKEN_INVALID with the claim that is wrong; what `key` throws of the network
 */
export async function verifyIdToken(
  token: Secret,
  key: JWTVerifyGetKey,
  expected: Expected,
): Promise<Claims> {
  const { alg, payload } = await verifySignature(token, key, expected.metadata);
  const claims = readClaims(payload, expected.metadata.issuer);
  checkAudience(claims, expected.clientId);
  checkTimes(claims, payload.nbf, expected);
  if (expected.nonce !== undefined && !same(claims.nonce ?? "", expected.nonce))
    throw refused(
      claims.nonce === undefined ? "it has no nonce" : "its nonce is another request's",
      "Somebody may have put a token of another sign-in in the place of yours. Sign in again.",
    );
  checkAccessHash(payload["at_hash"], alg, expected.accessToken);
  return claims;
}

/** Its header and signature only. `kind` is what messages call it. @throws {KnownError} OIDC_TOKEN_INVALID */
export const verifySignature = async (
  token: Secret,
  key: JWTVerifyGetKey,
  { signingAlgorithms }: Expected["metadata"],
  kind = "ID token",
): Promise<{ readonly alg: string; readonly payload: JWTPayload }> => {
  const refused = (what: string, hint?: string, cause?: unknown): KnownError =>
    refusedAs(kind, what, hint, cause);
  const { compactVerify, decodeProtectedHeader, errors } = await import("jose");
  const allowed = ALGORITHMS.filter((each) => signingAlgorithms.includes(each));
  let alg: unknown;
  try {
    ({ alg } = decodeProtectedHeader(token.reveal()));
  } catch (error) {
    throw refused("it is no JWT", undefined, error);
  }
  if (typeof alg !== "string") throw refused("it names no algorithm");
  if (!ALGORITHMS.includes(alg)) throw refused(`its algorithm is ${quoted(alg, 40)}, which proves nothing`);
  if (!allowed.includes(alg))
    throw refused(
      `its algorithm is ${alg}, and the provider says that it signs with ${signingAlgorithms
        .slice(0, 12)
        .map((each) => quoted(each, 20))
        .join(", ")}`,
    );
  try {
    const { payload } = await compactVerify(token.reveal(), key, { algorithms: allowed });
    const read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as unknown;
    if (typeof read !== "object" || read === null || Array.isArray(read)) throw new TypeError("no object");
    return { alg, payload: { ...read } };
  } catch (error) {
    if (error instanceof KnownError) throw error;
    if (error instanceof errors.JWKSNoMatchingKey)
      throw refused("it is signed with a key that the provider does not publish", undefined, error);
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      throw refused("it does not say which of the provider's keys it is signed with", undefined, error);
    if (error instanceof errors.JWSSignatureVerificationFailed)
      throw refused("its signature is wrong", undefined, error);
    throw refused("it cannot be read", undefined, error);
  }
};

/** What go-oidc lets pass for Google's older tokens (oidc.md §1.5). */
const GOOGLE = "https://accounts.google.com";

const readClaims = (payload: JWTPayload, issuer: string): Claims => {
  const { iss, sub, aud, exp, iat } = payload;
  const { azp, nonce } = payload;
  if (typeof iss !== "string") throw refused("it names no issuer (iss)");
  if (iss !== issuer && !(issuer === GOOGLE && `https://${iss}` === GOOGLE))
    throw refused(`its issuer (iss) is ${quoted(iss)}, not ${quoted(issuer)}`);
  if (typeof sub !== "string" || sub === "" || sub.length > 255)
    throw refused("it does not say whose it is (sub)");
  const audience = typeof aud === "string" ? [aud] : aud;
  if (!Array.isArray(audience) || !audience.every((each) => typeof each === "string"))
    throw refused("it does not say for whom it is (aud)");
  if (azp !== undefined && typeof azp !== "string") throw refused("its azp is no text");
  if (nonce !== undefined && typeof nonce !== "string") throw refused("its nonce is no text");
  return {
    iss,
    sub,
    aud: audience,
    exp: readTime(exp, "exp"),
    iat: readTime(iat, "iat"),
    azp,
    nonce,
    all: payload,
  };
};

const readTime = (value: unknown, name: string): EpochMillis => {
  if (typeof value !== "number" || !isDate(value * 1000))
    throw refused(`it does not say when it ${name === "exp" ? "ends" : "was made"} (${name})`);
  return epochMillis(value * 1000);
};

const checkAudience = ({ aud, azp }: Claims, clientId: string): void => {
  if (!aud.includes(clientId))
    throw refused(
      `it is for ${
        aud
          .slice(0, 4)
          .map((each) => quoted(each, 80))
          .join(", ") || "nobody"
      } (aud), not for the client ${quoted(clientId)}`,
      "Check the client ID.",
    );
  if (azp === undefined && aud.length > 1)
    throw refused("it is for several (aud) and does not say which of them asked for it (azp)");
  if (azp !== undefined && azp !== clientId)
    throw refused(`it was made for the client ${quoted(azp, 80)} (azp), not for ${quoted(clientId)}`);
};

const checkTimes = ({ exp, iat }: Claims, nbf: unknown, { now, skew }: Expected): void => {
  const tolerance = skew === undefined ? TOLERANCE_UNKNOWN : TOLERANCE_KNOWN;
  const there = now + (skew ?? 0);
  const clock =
    skew === undefined
      ? "Check this machine's clock."
      : `The provider's clock and this machine's differ by ${Math.abs(Math.round(skew / 1000))} s.`;
  if (exp + tolerance <= there) throw refused(`it has ended ${date(exp)} (exp)`, clock);
  if (iat > there + tolerance) throw refused(`it was made in the future, ${date(iat)} (iat)`, clock);
  if (nbf === undefined) return;
  if (readTime(nbf, "nbf") > there + tolerance)
    throw refused(`it is good from ${date(readTime(nbf, "nbf"))} only (nbf)`, clock);
};

const date = (time: EpochMillis): string => new Date(time).toISOString();

/** OpenID Connect Core 1.0 §3.1.3.6: the left half of the hash that belongs to the signature's algorithm. */
const checkAccessHash = (claimed: unknown, alg: string, accessToken: Secret | undefined): void => {
  if (claimed === undefined || accessToken === undefined) return;
  const whole = crypto.createHash(hashOf(alg)).update(accessToken.reveal(), "ascii").digest();
  const wanted = whole.subarray(0, whole.length / 2).toString("base64url");
  if (typeof claimed !== "string" || !same(claimed, wanted))
    throw refused("the access token beside it belongs to another (at_hash)");
};

/** EdDSA hashes with SHA-512 (RFC 8032 §5.1). */
const hashOf = (alg: string): string =>
  alg.endsWith("256") ? "sha256" : alg.endsWith("384") ? "sha384" : "sha512";

const same = (left: string, right: string): boolean => new Secret(left).equals(new Secret(right));

/**
 * A refreshed token is the same person's, from and for the same (OpenID Connect Core 1.0 §12.2).
 * @throws {KnownError} OIDC_TOKEN_INVALID
 */
export const checkContinuity = (
  before: Pick<Claims, "iss" | "sub" | "aud" | "azp" | "nonce">,
  next: Claims,
): void => {
  const changed = (name: string): KnownError =>
    refused(
      `the provider renewed it for ${name === "sub" ? "somebody else" : "another purpose"} (${name})`,
      "It is not used, and what was kept is forgotten. Sign in again.",
    );
  if (next.iss !== before.iss) throw changed("iss");
  if (next.sub !== before.sub) throw changed("sub");
  if (!before.aud.every((each) => next.aud.includes(each))) throw changed("aud");
  if (next.azp !== before.azp) throw changed("azp");
  if (next.nonce !== undefined && next.nonce !== before.nonce) throw changed("nonce");
};

const refused = (what: string, hint?: string): KnownError => refusedAs("ID token", what, hint);

const refusedAs = (kind: string, what: string, hint?: string, cause?: unknown): KnownError =>
  new KnownError("OIDC_TOKEN_INVALID", `Cannot use the ${kind}: ${what}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause: messageOf(cause) }),
  });
