import * as crypto from "node:crypto";
import { KnownError } from "../base/errors.ts";
import { certificatesOf, pemBlocks, type PemBlock } from "../base/pem.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";
import type { ClientCertificate } from "./types.ts";

/** A client certificate that was looked at, ready to be shown. */
export interface CheckedCertificate extends ClientCertificate {
  readonly notBefore: EpochMillis;
  readonly notAfter: EpochMillis;
}

const unusable = (what: "certificate" | "key", reason: string, hint?: string): KnownError =>
  new KnownError("CLIENT_CONFIG_INVALID", `Cannot use the client ${what}: ${reason}`, {
    hint:
      hint ??
      "Check client-certificate and client-key of the user in the kubeconfig, or what the credential plugin gives",
  });

/**
 * Certificate and key, as Go's `tls.X509KeyPair` takes them: the first key in the text, PKCS #1, SEC 1 or PKCS #8, of
 * RSA, ECDSA or Ed25519 (credentials.md §4.2). OpenSSL's own complaints are not used: they say nothing to a person.
 * @throws {KnownError} CLIENT_CONFIG_INVALID; the key is not quoted
 */
export const checkCertificate = (pair: ClientCertificate): CheckedCertificate => {
  const chain = certificatesOf(pair.cert);
  const [first] = chain;
  if (first === undefined) throw unusable("certificate", "it has no certificate in PEM");
  const leaf = new crypto.X509Certificate(first);
  const key = readKey(pair.key.reveal());
  if (!leaf.checkPrivateKey(key)) throw unusable("key", "it belongs to another certificate");
  return {
    cert: chain.join(""),
    key: new Secret(key.export({ type: "pkcs8", format: "pem" }).toString()),
    notBefore: epochMillis(Date.parse(leaf.validFrom)),
    notAfter: epochMillis(Date.parse(leaf.validTo)),
  };
};

const readKey = (text: string): crypto.KeyObject => {
  const block = pemBlocks(text).find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) throw unusable("key", "it has no private key in PEM");
  if (block.label === "ENCRYPTED PRIVATE KEY" || block.headers)
    throw unusable(
      "key",
      "it is encrypted, and client-go has no way to ask for its passphrase",
      "Decrypt it into a file that only you can read: (umask 077; openssl pkey -in client.key -out client-plain.key), and name that file as client-key",
    );
  const key = parseKey(block);
  if (key === undefined) throw unusable("key", "it cannot be parsed as PKCS #1, PKCS #8 or SEC 1");
  const type = key.asymmetricKeyType;
  if (type !== "rsa" && type !== "ec" && type !== "ed25519")
    throw unusable("key", `${type ?? "its kind"} is none of RSA, ECDSA and Ed25519`);
  return key;
};

/** By its label, and if that is wrong, by trying: Go does not look at the label. */
const parseKey = (block: PemBlock): crypto.KeyObject | undefined => {
  const attempts: readonly (() => crypto.KeyObject)[] = [
    () => crypto.createPrivateKey(block.text),
    ...(["pkcs1", "pkcs8", "sec1"] as const).map(
      (type) => () => crypto.createPrivateKey({ key: contentOf(block), format: "der", type }),
    ),
  ];
  for (const attempt of attempts)
    try {
      return attempt();
    } catch {
      // The next form.
    }
  return undefined;
};

const contentOf = (block: PemBlock): Buffer =>
  Buffer.from(
    block.text
      .split("\n")
      .filter((line) => !line.startsWith("-----"))
      .join(""),
    "base64",
  );

/** What a 401, or a broken handshake, has to do with the dates of the certificate that was shown. */
export const dateFault = (shown: CheckedCertificate, now: EpochMillis): KnownError | undefined => {
  const { notBefore, notAfter } = shown;
  if (now >= notBefore && now <= notAfter) return undefined;
  const over = now > notAfter;
  const date = new Date(over ? notAfter : notBefore).toISOString();
  return new KnownError(
    "CLIENT_CERTIFICATE_EXPIRED",
    `The API server does not accept your client certificate: it ${over ? `expired at ${date}` : `is valid only from ${date} on`}`,
  );
};
