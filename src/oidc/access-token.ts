import type { JWTVerifyGetKey } from "jose";
import { KnownError } from "../base/errors.ts";
import { quoted } from "../base/quote.ts";
import type { Secret } from "../base/secret.ts";
import { isDate } from "../base/units.ts";
import { verifySignature, type Expected } from "./id-token.ts";
import { saidBy } from "./life.ts";

/** What a clock may be off by, in milliseconds (security.md R-J6). */
const TOLERANCE = 60_000;

/**
 * Verifies an access token that is to be a credential, as far as it is a JWT: its signature, issuer, end, and the audience
 * if one was named (security.md R-J9; RFC 9068 §4). An opaque one only the provider can judge.
 * @throws {KnownError} OIDC_TOKEN_INVALID
 */
export async function verifyAccessToken(
  token: Secret,
  key: JWTVerifyGetKey,
  expected: Expected & { readonly audience?: string | undefined },
): Promise<void> {
  if (saidBy(token) === undefined) {
    if (expected.audience !== undefined)
      throw refused(`it is no JWT, so nobody can say whether it is for ${quoted(expected.audience)}`);
    return;
  }
  const { payload } = await verifySignature(token, key, expected.metadata, "access token");
  const { iss, exp, aud } = payload;
  if (iss !== expected.metadata.issuer)
    throw refused(`its issuer (iss) is ${quoted(String(iss))}, not ${quoted(expected.metadata.issuer)}`);
  const there = expected.now + (expected.skew ?? 0);
  if (typeof exp !== "number" || !isDate(exp * 1000)) throw refused("it does not say when it ends (exp)");
  if (exp * 1000 + TOLERANCE <= there) throw refused("it has ended (exp)");
  if (expected.audience === undefined) return;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audience.includes(expected.audience))
    throw refused(
      `it is for ${audience
        .slice(0, 4)
        .map((each) => quoted(String(each), 80))
        .join(", ")} (aud), not for ${quoted(expected.audience)}`,
    );
}

/** A renewed one is the same person's, as far as both say whose they are. @throws {KnownError} OIDC_TOKEN_INVALID */
export const checkAccessContinuity = (before: Secret | undefined, next: Secret): void => {
  const [old, renewed] = [saidBy(before), saidBy(next)];
  if (old === undefined || renewed === undefined) return;
  for (const name of ["iss", "sub"])
    if (old[name] !== renewed[name]) throw refused(`the provider renewed it for somebody else (${name})`);
};

const refused = (what: string): KnownError =>
  new KnownError("OIDC_TOKEN_INVALID", `Cannot use the access token: ${what}`);
