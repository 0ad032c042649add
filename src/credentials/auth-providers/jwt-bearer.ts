import { createPrivateKey, sign, type KeyObject } from "node:crypto";
import type { Secret } from "../../base/secret.ts";
import type { EpochMillis } from "../../base/units.ts";
import { failed } from "./provider.ts";

export interface Assertion {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly keyId: string;
  /** PEM of an RSA key, PKCS #1 or #8. */
  readonly key: Secret;
}

/** Google takes no more than an hour. */
const LIFE_SECONDS = 3600;
/** For a clock that is fast. */
const SLACK_SECONDS = 10;

/**
 * An assertion for the grant `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523), signed with RS256.
 * @throws {KnownError} AUTH_PROVIDER_FAILED; the key is not quoted
 */
export const signAssertion = (wanted: Assertion, now: EpochMillis): string => {
  const issuedAt = Math.floor(now / 1000) - SLACK_SECONDS;
  const header = {
    alg: "RS256",
    typ: "JWT",
    ...(wanted.keyId === "" ? {} : { kid: wanted.keyId }),
  };
  const claims = {
    iss: wanted.issuer,
    ...(wanted.scopes.length === 0 ? {} : { scope: wanted.scopes.join(" ") }),
    aud: wanted.audience,
    exp: issuedAt + LIFE_SECONDS,
    iat: issuedAt,
  };
  const text = [header, claims].map((part) => base64url(JSON.stringify(part))).join(".");
  return `${text}.${sign("sha256", Buffer.from(text), readKey(wanted.key)).toString("base64url")}`;
};

const base64url = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

const readKey = (key: Secret): KeyObject => {
  const wrong = (reason: string): Error =>
    failed(
      `private key should be a PEM or plain PKCS1 or PKCS8; ${reason}`,
      "Get a new key file for the service account.",
    );
  let read: KeyObject;
  try {
    read = createPrivateKey(key.reveal());
  } catch {
    // OpenSSL's own words say nothing that helps, and might quote.
    throw wrong("it cannot be read");
  }
  if (read.asymmetricKeyType !== "rsa")
    throw wrong(`it is of the type ${read.asymmetricKeyType ?? "unknown"}`);
  return read;
};
