import { parseJson } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";

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

/** When a JWT says that it ends. Nothing is verified: this is for people to read, never for a decision. */
export const tokenExpiry = (token: Secret): EpochMillis | undefined => {
  const parts = token.reveal().split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims = parseJson(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return undefined;
    return typeof claims.exp === "number" && Number.isFinite(claims.exp)
      ? epochMillis(claims.exp * 1000)
      : undefined;
  } catch {
    return undefined;
  }
};
