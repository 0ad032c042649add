import { parseJson, record } from "../base/decode.ts";
import type { Secret } from "../base/secret.ts";
import { epochMillis, isDate, type EpochMillis, type Millis } from "../base/units.ts";
import type { Entry } from "./entry.ts";

/** Clocks differ by a little, and a request takes a moment (oidc.md §5.4). */
const MARGIN = 10_000;
const MARGIN_PART = 0.1;

/** What a JWT says of itself; undefined for any other token. Nothing is verified. */
export const saidBy = (token: Secret | undefined): Readonly<Record<string, unknown>> | undefined => {
  const parts = token?.reveal().split(".") ?? [];
  if (parts.length !== 3) return undefined;
  try {
    return record(parseJson(Buffer.from(parts[1] ?? "", "base64url").toString("utf8")), "");
  } catch {
    return undefined;
  }
};

const time = (value: unknown): EpochMillis | undefined =>
  typeof value === "number" && isDate(value * 1000) ? epochMillis(value * 1000) : undefined;

/** What goes to the API server. */
export interface Credential {
  readonly token: Secret;
  /** Undefined: nobody has said. */
  readonly end: EpochMillis | undefined;
  readonly start: EpochMillis | undefined;
  /** What the provider's clock, which `end` is of, was ahead of ours by when it came, and when that was by ours. */
  readonly ahead?: { readonly by: Millis; readonly since: EpochMillis } | undefined;
}

/** The credential in an entry, whether it is over or not. Undefined: there is none of that kind. */
export const credentialOf = (entry: Entry | undefined, useAccessToken: boolean): Credential | undefined => {
  const token = useAccessToken ? entry?.accessToken : entry?.idToken;
  if (token === undefined) return undefined;
  const said = saidBy(token);
  const end = time(said?.["exp"]);
  // What was counted from our own clock needs no other.
  if (end === undefined)
    return { token, end: useAccessToken ? entry?.expiresAt : undefined, start: entry?.obtainedAt };
  const { skew: by, obtainedAt: since } = entry ?? {};
  const ahead = by === undefined || since === undefined ? undefined : { by, since };
  return { token, end, start: time(said?.["iat"]), ahead };
};

/** After our clock was set back nobody knows how wrong it was. */
const skewNow = ({ ahead }: Credential, now: EpochMillis): number =>
  ahead !== undefined && now >= ahead.since ? ahead.by : 0;

/** Less than that is told apart from nothing by no client. */
const SKEW_LEAST = 5_000;

/** The end by this machine's clock: the client compares it with that. What the token says, where the clocks agree. */
export const endHere = (credential: Credential, now: EpochMillis): EpochMillis | undefined => {
  const skew = skewNow(credential, now);
  return credential.end === undefined || Math.abs(skew) < SKEW_LEAST
    ? credential.end
    : epochMillis(credential.end - skew);
};

export interface Judging {
  readonly now: EpochMillis;
  /** Default: 10 s, or a tenth of the life if that is less. */
  readonly margin?: Millis | undefined;
}

/** Whether it is good for a while yet. One without an end counts as over, as kubelogin has it (oidc.md §1.3). */
export const isFresh = (credential: Credential, { now, margin }: Judging): boolean => {
  const { end, start } = credential;
  if (end === undefined) return false;
  const life = start === undefined || start >= end ? undefined : end - start;
  const least = margin ?? Math.min(MARGIN, life === undefined ? MARGIN : life * MARGIN_PART);
  return now + skewNow(credential, now) < end - least;
};
