import { fallback, object, optional, string } from "../../base/decode.ts";
import type { HttpAnswer } from "../../base/http.ts";
import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { numeric } from "./oauth-token.ts";
import { parseQuietly } from "../../base/quote.ts";

/** A token of Azure's with the words that the kubeconfig keeps of it. */
export interface AzureToken {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds, as text. */
  readonly expiresIn: string;
  /** Seconds since 1970, as text. */
  readonly expiresOn: string;
  /** Of the kubeconfig or as go-autorest names it. */
  readonly environment: string;
}

/** go-autorest takes what it cannot read for a time long gone. */
export const endOf = (token: AzureToken): EpochMillis => {
  const text = token.expiresOn.trim();
  const seconds = text === "" ? Number.NaN : Number(text);
  return epochMillis(Number.isFinite(seconds) ? seconds * 1000 : -3_600_000);
};

/** No margin (credentials.md §7, trap 4). */
export const isExpired = (token: AzureToken, now: EpochMillis): boolean => endOf(token) <= now;

const shape = object({
  access_token: fallback(string, ""),
  refresh_token: fallback(string, ""),
  expires_in: optional(numeric),
  expires_on: optional(numeric),
});

/**
 * The answer of the token endpoint. ADFS leaves `expires_on` out: then it is counted from now.
 * @throws {DecodeError} when it has another format; nothing of it is quoted
 */
export const readAzureToken = ({ body }: HttpAnswer, environment: string, now: EpochMillis): AzureToken => {
  const fields = shape(parseQuietly(body), "");
  const lasts = fields.expires_in ?? 0;
  return {
    accessToken: fields.access_token,
    refreshToken: fields.refresh_token,
    expiresIn: String(lasts),
    expiresOn: String(fields.expires_on ?? (lasts === 0 ? 0 : Math.floor(now / 1000) + lasts)),
    environment,
  };
};
