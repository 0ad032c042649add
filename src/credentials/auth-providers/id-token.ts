import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { failed } from "./provider.ts";
import { parseQuietly } from "../../base/quote.ts";

export interface IdTokenLife {
  readonly expiresAt: EpochMillis;
  /** When the token says that it was made. */
  readonly issuedAt: EpochMillis | undefined;
}

/**
 * When an ID token ends; nothing is verified, the API server does that. A token without `exp` has ended.
 * @throws {KnownError} AUTH_PROVIDER_FAILED with client-go's text (credentials.md §3.1)
 */
export const readIdToken = (token: string): IdTokenLife => {
  const parts = token.split(".");
  if (parts.length !== 3) throw failed("ID Token is not a valid JWT", SIGN_IN);
  const payload = parts[1] ?? "";
  const wrong = /[^A-Za-z0-9_-]/.exec(payload)?.index ?? (payload.length % 4 === 1 ? payload.length - 1 : -1);
  if (wrong >= 0) throw failed(`illegal base64 data at input byte ${wrong}`, SIGN_IN);
  const claims = parseQuietly(Buffer.from(payload, "base64url").toString("utf8"));
  if (typeof claims !== "object" || claims === null || Array.isArray(claims))
    throw failed("parsing claims: they are no JSON object", SIGN_IN);
  return {
    expiresAt: "exp" in claims ? readExpiry(claims.exp) : epochMillis(0),
    issuedAt:
      "iat" in claims && typeof claims.iat === "number" && Number.isFinite(claims.iat)
        ? epochMillis(claims.iat * 1000)
        : undefined,
  };
};

const SIGN_IN = "Correct id-token in the kubeconfig, or remove it and keep the refresh-token.";

/** Seconds, whole or not, cut to whole ones as client-go does; also a number within quotes. */
const readExpiry = (exp: unknown): EpochMillis => {
  const number =
    typeof exp === "string" && /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(exp) ? Number(exp) : exp;
  if (typeof number !== "number" || !Number.isFinite(number))
    throw failed("parsing claims: exp is no number", SIGN_IN);
  return epochMillis(Math.trunc(number) * 1000);
};
