import * as crypto from "node:crypto";
import { KnownError, messageOf } from "../base/errors.ts";
import type { ClientKey } from "./types.ts";

interface SigningKey {
  readonly key: crypto.webcrypto.CryptoKey;
  readonly kid?: string;
}

/** By what a key signs (RFC 7518 §3.1, RFC 8037 §3.1). */
const algorithmOf = ({
  asymmetricKeyType: kind,
  asymmetricKeyDetails: more,
}: crypto.KeyObject): string | undefined => {
  if (kind === "rsa") return "RS256";
  if (kind === "ed25519") return "EdDSA";
  if (kind !== "ec") return undefined;
  return CURVES.find(([curve]) => curve === more?.namedCurve)?.[1];
};

/** OpenSSL's names. */
const CURVES: readonly (readonly [string, string])[] = [
  ["prime256v1", "ES256"],
  ["secp384r1", "ES384"],
  ["secp521r1", "ES512"],
];

/** A client's key, ready to sign. @throws {KnownError} USAGE: it is no key, or none of a kind that providers take */
export async function clientKeyOf({ key, id }: ClientKey): Promise<SigningKey> {
  let read: crypto.KeyObject;
  try {
    read = crypto.createPrivateKey(key.reveal());
  } catch (error) {
    throw new KnownError("USAGE", `Cannot use the client's key: ${messageOf(error)}`, {
      hint: "Name a PEM file with a private key that no passphrase protects.",
    });
  }
  const algorithm = algorithmOf(read);
  if (algorithm === undefined)
    throw new KnownError(
      "USAGE",
      `Cannot use the client's key: no provider takes signatures of its kind (${read.asymmetricKeyType})`,
      { hint: "Use a key of RSA, of P-256, P-384 or P-521, or of Ed25519." },
    );
  const { importPKCS8 } = await import("jose");
  const imported = await importPKCS8(read.export({ format: "pem", type: "pkcs8" }).toString(), algorithm);
  return { key: imported, ...(id === undefined ? {} : { kid: id }) };
}
