import { DecodeError, integer, object, optional, string } from "../base/decode.ts";
import { parseQuietly } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, isDate, KiB, millis, type EpochMillis, type Millis } from "../base/units.ts";

/** What is kept of a sign-in. */
export interface Entry {
  readonly idToken: Secret | undefined;
  readonly accessToken: Secret | undefined;
  readonly refreshToken: Secret | undefined;
  /** Of the access token, by this machine's clock. */
  readonly expiresAt: EpochMillis | undefined;
  /** When the tokens came, by this machine's clock. */
  readonly obtainedAt?: EpochMillis | undefined;
  /** What the provider's clock was ahead of this machine's by, then. */
  readonly skew?: Millis | undefined;
  /** For lists, and for who takes the tokens back: no secret. */
  readonly about?: About | undefined;
}

export interface About {
  readonly issuer: string;
  readonly clientId: string;
  /** As it was asked for with `--account`. */
  readonly account: string | undefined;
}

/** Of the format. A newer one is none that we know, so it is nothing to us. */
export const ENTRY_VERSION = 1;
/** Three tokens of 16 KiB each, with room; a sealed one is a third longer. */
export const ENTRY_LIMIT = KiB(192);

const text = optional(string);
export const aboutShape = object({ issuer: string, client_id: string, account: text });
const shape = object({
  version: integer,
  key: string,
  about: optional(aboutShape),
  id_token: text,
  access_token: text,
  refresh_token: text,
  expires_at: optional(integer),
  obtained_at: optional(integer),
  skew: optional(integer),
});

/** @returns undefined for what is cut, foreign, of another key or of a newer version (security.md R-K4) */
export const parseEntry = (key: string, content: string): Entry | undefined => {
  try {
    const found = shape(parseQuietly(content), "");
    if (found.version !== ENTRY_VERSION || found.key !== key) return undefined;
    const times = [found.expires_at, found.obtained_at];
    if (times.some((time) => time !== undefined && !isDate(time))) return undefined;
    return {
      idToken: secretOf(found.id_token),
      accessToken: secretOf(found.access_token),
      refreshToken: secretOf(found.refresh_token),
      expiresAt: timeOf(found.expires_at),
      obtainedAt: timeOf(found.obtained_at),
      skew: found.skew === undefined ? undefined : millis(found.skew),
      about: found.about && readAbout(found.about),
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

export const readAbout = (found: ReturnType<typeof aboutShape>): About => ({
  issuer: found.issuer,
  clientId: found.client_id,
  account: found.account,
});

export const renderAbout = (about: About | undefined): object | undefined =>
  about && { issuer: about.issuer, client_id: about.clientId, account: about.account };

export const renderEntry = (key: string, entry: Entry): string =>
  `${JSON.stringify({
    version: ENTRY_VERSION,
    key,
    about: renderAbout(entry.about),
    id_token: entry.idToken?.reveal(),
    access_token: entry.accessToken?.reveal(),
    refresh_token: entry.refreshToken?.reveal(),
    expires_at: entry.expiresAt,
    obtained_at: entry.obtainedAt,
    skew: entry.skew,
  })}\n`;

const secretOf = (value: string | undefined): Secret | undefined =>
  value === undefined || value === "" ? undefined : new Secret(value);

const timeOf = (value: number | undefined): EpochMillis | undefined =>
  value === undefined ? undefined : epochMillis(value);
