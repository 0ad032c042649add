import { integer, object, optional, record, DecodeError } from "../base/decode.ts";
import { parseQuietly } from "../base/quote.ts";
import type { Secret } from "../base/secret.ts";
import { epochMillis, isDate, millis, type EpochMillis, type Millis } from "../base/units.ts";
import type { Entry } from "./entry.ts";

/** From when to when a token is good, by its issuer's clock. */
export interface Life {
  readonly from: EpochMillis | undefined;
  readonly until: EpochMillis;
}

/** The credential of an entry: which of its tokens goes to the cluster. */
export type Kind = "id" | "access";

/** Most of a life that the margin takes, and most of all (issue 7, E.4). */
const MARGIN_MOST = millis(10_000);
const MARGIN_SHARE = 0.1;

/** What a JWT says, unverified: it was verified when it came. Undefined: it is none. */
export const claimsOf = (token: Secret): Readonly<Record<string, unknown>> | undefined => {
  const parts = token.reveal().split(".");
  if (parts.length !== 3) return undefined;
  try {
    return record(parseQuietly(Buffer.from(parts[1] ?? "", "base64url").toString("utf8")), "");
  } catch {
    return undefined;
  }
};

const times = object({ exp: optional(integer), iat: optional(integer) });

/** @returns undefined: there is no such token, or it does not say how long it is good */
export const lifeOf = (entry: Entry, kind: Kind): Life | undefined => {
  const token = kind === "id" ? entry.idToken : entry.accessToken;
  if (token === undefined) return undefined;
  const claims = claimsOf(token);
  const said = claims && readTimes(claims);
  if (said?.until !== undefined) return { from: said.from, until: said.until };
  if (kind === "id" || entry.expiresAt === undefined) return undefined;
  // It was counted from our clock, so it is moved to the provider's.
  const skew = entry.skew ?? 0;
  const move = (time: EpochMillis | undefined): EpochMillis | undefined =>
    time === undefined ? undefined : epochMillis(time + skew);
  return { from: move(entry.obtainedAt), until: epochMillis(entry.expiresAt + skew) };
};

const readTimes = (claims: Readonly<Record<string, unknown>>): Partial<Life> | undefined => {
  try {
    const { exp, iat } = times(claims, "");
    const at = (seconds: number | undefined): EpochMillis | undefined =>
      seconds === undefined || !isDate(seconds * 1000) ? undefined : epochMillis(seconds * 1000);
    const until = at(exp);
    return until === undefined ? undefined : { from: at(iat), until };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

/** `min(10 s, 10 % of its life)`, or what the person says. */
export const marginOf = ({ from, until }: Life, wished: Millis | undefined): Millis =>
  wished ?? millis(from === undefined ? MARGIN_MOST : Math.min(MARGIN_MOST, (until - from) * MARGIN_SHARE));

/** The provider's clock now, as far as was seen when the tokens came. After our clock was set back, nobody knows. */
const providerNow = ({ obtainedAt, skew }: Entry, now: EpochMillis): EpochMillis =>
  skew !== undefined && obtainedAt !== undefined && now >= obtainedAt ? epochMillis(now + skew) : now;

/** How long the credential is still good; zero or less: it is not. Undefined: that cannot be told. */
export const leftOf = (entry: Entry, kind: Kind, now: EpochMillis): Millis | undefined => {
  const life = lifeOf(entry, kind);
  return life && millis(life.until - providerNow(entry, now));
};

/**
 * Whether the credential may be handed out. One that does not say how long it is good is not.
 * @param margin before its end; default `min(10 s, 10 % of its life)`
 */
export const isFresh = (
  entry: Entry,
  kind: Kind,
  { now, margin }: { readonly now: EpochMillis; readonly margin?: Millis | undefined },
): boolean => {
  const life = lifeOf(entry, kind);
  const left = leftOf(entry, kind, now);
  return life !== undefined && left !== undefined && left > marginOf(life, margin);
};
