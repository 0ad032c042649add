import { parseJson, record } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, isDate, type EpochMillis } from "../base/units.ts";

/** Tokens with many groups reach 12 KiB; servers take 16 KiB of headers (security.md R-E4). */
const TOKEN_LIMIT = 16 * 1024;

/** Bytes that may stand in a header's value without ending it. */
const TOKEN_BYTES = /^[\x21-\x7e]+$/;

/** @throws {KnownError} TOKEN_INVALID; the token is not quoted */
export const checkToken = (text: string, from: string): Secret => {
  if (text.length > TOKEN_LIMIT)
    throw new KnownError(
      "TOKEN_INVALID",
      `Cannot use the token of the ${from}: it has ${text.length} characters, more than ${TOKEN_LIMIT}`,
    );
  if (!TOKEN_BYTES.test(text))
    throw new KnownError(
      "TOKEN_INVALID",
      `Cannot use the token of the ${from}: it holds characters that no header may carry`,
    );
  return new Secret(text);
};

/**
 * What a JWT says of itself; undefined for any other token. Nothing is verified: this is for people to read, and for
 * being careful, never for trust.
 */
export const tokenClaims = (token: Secret): Readonly<Record<string, unknown>> | undefined => {
  const parts = token.reveal().split(".");
  if (parts.length !== 3) return undefined;
  try {
    return record(parseJson(Buffer.from(parts[1] ?? "", "base64url").toString("utf8")), "");
  } catch {
    return undefined;
  }
};

/** When a JWT says that it ends; undefined where it does not, or says what is no date. */
export const tokenExpiry = (token: Secret): EpochMillis | undefined => {
  const exp = tokenClaims(token)?.["exp"];
  return typeof exp === "number" && isDate(exp * 1000) ? epochMillis(exp * 1000) : undefined;
};
