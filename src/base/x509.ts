import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { addressBytes } from "./ip.ts";
import type { EpochMillis } from "./units.ts";

/** What a certificate says; authorities have ECDSA keys on P-256 (RFC 5480), signatures are SHA-256. */
export interface CertificateWishes {
  readonly commonName: string;
  /** `O`: groups, for Kubernetes. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses (RFC 5280 §4.2.1.6). */
  readonly names?: readonly string[];
  readonly notBefore: EpochMillis;
  readonly notAfter: EpochMillis;
  readonly use: "authority" | "server" | "client";
  /** Of whom it is. Default: a new ECDSA key on P-256. */
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

export interface IssuedCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface Authority extends IssuedCertificate {
  issue(wishes: CertificateWishes): IssuedCertificate;
}

/** A throw-away certificate authority, for demo, tests and `iam init`. */
export function createAuthority(wishes: Omit<CertificateWishes, "use" | "keys">): Authority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name: nameOf(wishes), key: privateKey, publicKey };
  const { cert } = write({ ...wishes, use: "authority" }, publicKey, issuer);
  return { cert, key: pemKey(privateKey), issue: issueAs(issuer) };
}

/**
 * One that `createAuthority` made before, from its two texts and the name that it was given.
 * @throws OpenSSL's errors about what is no key, and about a key that is not on P-256
 */
export function reopenAuthority(
  { cert, key }: IssuedCertificate,
  wishes: Pick<CertificateWishes, "commonName" | "organizations">,
): Authority {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  return { cert, key, issue: issueAs({ name: nameOf(wishes), key: privateKey, publicKey }) };
}

const issueAs =
  (issuer: Issuer): Authority["issue"] =>
  (leaf) => {
    const pair = leaf.keys ?? generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { cert } = write(leaf, pair.publicKey, issuer);
    return { cert, key: pemKey(pair.privateKey) };
  };

/** A certificate that vouches for itself. */
export function selfSigned(wishes: Omit<CertificateWishes, "keys">): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { cert } = write(wishes, publicKey, { name: nameOf(wishes), key: privateKey, publicKey });
  return { cert, key: pemKey(privateKey) };
}

const pemKey = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

// --- DER (ITU-T X.690): a tag, a length, a content

/** Lengths below 128 are one byte, longer ones a count of bytes and the bytes. */
export const der = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
};

const SEQUENCE = 0x30;
const SET = 0x31;
const sequence = (...content: readonly Uint8Array[]): Buffer => der(SEQUENCE, ...content);
const octets = (content: Uint8Array): Buffer => der(0x04, content);
const bits = (content: Uint8Array, unused = 0): Buffer => der(0x03, Buffer.from([unused]), content);
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text, "utf8"));
const TRUE = der(0x01, Buffer.from([0xff]));

/** Two's complement: a leading zero where the first bit is set. */
const integer = (bytes: Buffer): Buffer =>
  der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);

export const objectId = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const group = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      group.unshift((left % 128) | 0x80);
    bytes.push(...group);
  }
  return der(0x06, Buffer.from(bytes));
};

/** UTCTime up to 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
const time = (at: EpochMillis): Buffer => {
  const text = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return new Date(at).getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(text.slice(2), "latin1"))
    : der(0x18, Buffer.from(text, "latin1"));
};

const attribute = (id: string, text: string): Buffer => der(SET, sequence(objectId(id), utf8(text)));

const nameOf = (wishes: Pick<CertificateWishes, "commonName" | "organizations">): Buffer =>
  sequence(
    ...(wishes.organizations ?? []).map((each) => attribute("2.5.4.10", each)),
    attribute("2.5.4.3", wishes.commonName),
  );

const extension = (id: string, content: Uint8Array, critical = false): Buffer =>
  sequence(objectId(id), ...(critical ? [TRUE] : []), octets(content));

const alternative = (name: string): Buffer => {
  const address = addressBytes(name);
  return address === undefined ? der(0x82, Buffer.from(name, "latin1")) : der(0x87, address);
};

const ECDSA_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

interface Issuer {
  readonly name: Buffer;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });
const keyId = (key: KeyObject): Buffer => createHash("sha1").update(spki(key)).digest();

const write = (
  wishes: CertificateWishes,
  publicKey: KeyObject,
  issuer: Issuer,
): { readonly cert: string } => {
  const authority = wishes.use === "authority";
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const extensions = [
    extension("2.5.29.19", authority ? sequence(TRUE) : sequence(), true),
    // keyCertSign and cRLSign, or digitalSignature.
    extension("2.5.29.15", authority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7), true),
    ...(authority
      ? []
      : [extension("2.5.29.37", sequence(objectId(`1.3.6.1.5.5.7.3.${wishes.use === "server" ? 1 : 2}`)))]),
    extension("2.5.29.14", octets(keyId(publicKey))),
    extension("2.5.29.35", sequence(der(0x80, keyId(issuer.publicKey)))),
    ...(wishes.names === undefined || wishes.names.length === 0
      ? []
      : [extension("2.5.29.17", sequence(...wishes.names.map(alternative)))]),
  ];
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    issuer.name,
    sequence(time(wishes.notBefore), time(wishes.notAfter)),
    nameOf(wishes),
    spki(publicKey),
    der(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(body, ECDSA_SHA256, bits(sign("sha256", body, issuer.key)));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return { cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n` };
};
