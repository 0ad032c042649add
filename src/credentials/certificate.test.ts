import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VALID } from "../../test/api-server.ts";
import { isKnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { after, epochMillis, millis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { checkCertificate, dateFault } from "./certificate.ts";

const people = createAuthority({ commonName: "people", ...VALID });
const certOf = (privateKey: KeyObject): string =>
  people.issue({
    commonName: "ada",
    use: "client",
    ...VALID,
    keys: { privateKey, publicKey: createPublicKey(privateKey) },
  }).cert;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
const ed25519 = generateKeyPairSync("ed25519").privateKey;
const ed448 = generateKeyPairSync("ed448").privateKey;

const pem = (key: KeyObject, type: "pkcs1" | "pkcs8" | "sec1"): string =>
  key.export({ type, format: "pem" }).toString();
const check = (cert: string, key: string): ReturnType<typeof checkCertificate> =>
  checkCertificate({ cert, key: new Secret(key) });

describe("keys that are taken (credentials.md §4.2)", () => {
  test.each([
    ["RSA in PKCS #1", rsa, pem(rsa, "pkcs1")],
    ["RSA in PKCS #8", rsa, pem(rsa, "pkcs8")],
    ["ECDSA on P-256 in SEC 1", p256, pem(p256, "sec1")],
    ["ECDSA on P-384 in SEC 1", p384, pem(p384, "sec1")],
    ["ECDSA in PKCS #8", p256, pem(p256, "pkcs8")],
    ["Ed25519 in PKCS #8", ed25519, pem(ed25519, "pkcs8")],
    [
      "with parameters before it, as openssl ecparam writes it",
      p256,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(p256, "sec1")}`,
    ],
    ["with a wrong label", p256, pem(p256, "pkcs8").replaceAll("PRIVATE KEY", "RSA PRIVATE KEY")],
    ["with lines that end in CR LF", rsa, pem(rsa, "pkcs8").replaceAll("\n", "\r\n")],
    ["beside its certificate in one file", p256, certOf(p256) + pem(p256, "pkcs8")],
    ["with text around it", rsa, `Bag Attributes\n    friendlyName: ada\n${pem(rsa, "pkcs8")}\nend`],
  ])("%s", (_name, key, text) => {
    const checked = check(certOf(key), text);
    expect(createPrivateKey(checked.key.reveal()).equals(key)).toBe(true);
    expect(checked.notAfter).toBe(Math.floor(VALID.notAfter / 1000) * 1000);
  });

  test("a chain stays whole, in its order", () => {
    const chain = certOf(p256) + people.cert;
    expect(check(`# leaf\n${chain}`, pem(p256, "pkcs8")).cert).toBe(chain);
  });
});

const encrypted = (type: "pkcs1" | "pkcs8"): string =>
  rsa.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "canary" }).toString();

describe("what is refused, without a word of the key", () => {
  test.each<[name: string, cert: string, key: string, text: string]>([
    ["a key of another certificate", certOf(p256), pem(rsa, "pkcs8"), "belongs to another certificate"],
    ["a key that is encrypted (PKCS #8)", certOf(rsa), encrypted("pkcs8"), "is encrypted"],
    ["a key that is encrypted (PKCS #1)", certOf(rsa), encrypted("pkcs1"), "is encrypted"],
    ["a key of another kind", certOf(ed448), pem(ed448, "pkcs8"), "ed448 is none of RSA, ECDSA and Ed25519"],
    ["no key", certOf(p256), "", "no private key in PEM"],
    ["a certificate in place of the key", certOf(p256), certOf(p256), "no private key in PEM"],
    [
      "a public key",
      certOf(p256),
      createPublicKey(p256).export({ type: "spki", format: "pem" }).toString(),
      "no private key",
    ],
    ["half a key", certOf(p256), pem(p256, "pkcs8").replace(/\n.{20}/, "\n"), "cannot be parsed"],
    ["no certificate", "", pem(p256, "pkcs8"), "no certificate in PEM"],
    ["text in place of a certificate", "hello", pem(p256, "pkcs8"), "no certificate in PEM"],
    [
      "half a certificate",
      certOf(p256).replace(/\n.{20}/, "\n"),
      pem(p256, "pkcs8"),
      "no certificate in PEM",
    ],
  ])("%s", (_name, cert, key, text) => {
    let thrown: unknown;
    try {
      check(cert, key);
    } catch (error) {
      thrown = error;
    }
    if (!isKnownError(thrown, "CLIENT_CONFIG_INVALID")) throw thrown;
    expect(thrown.message).toContain(text);
    for (const line of key.split("\n").filter((each) => each.length > 20 && !each.includes("-----")))
      expect(`${thrown.message} ${thrown.hint}`).not.toContain(line);
  });

  test("an encrypted key comes with the line that decrypts it", () => {
    const checking = (): unknown => check(certOf(rsa), encrypted("pkcs8"));
    expect(checking).toThrow(/encrypted/);
    try {
      checking();
    } catch (error) {
      expect(error).toMatchObject({ hint: expect.stringContaining("openssl pkey -in ") as string });
    }
  });
});

describe("dates", () => {
  const shown = check(certOf(p256), pem(p256, "pkcs8"));
  test.each([
    ["in time", epochMillis(Date.now()), undefined],
    ["over", after(VALID.notAfter, millis(1000)), "expired at"],
    ["not begun", after(VALID.notBefore, millis(-2000)), "is valid only from"],
  ])("%s", (_name, now, text) => {
    const fault = dateFault(shown, now);
    if (text === undefined) expect(fault).toBeUndefined();
    else
      expect(fault).toMatchObject({
        code: "CLIENT_CERTIFICATE_EXPIRED",
        message: expect.stringContaining(text) as string,
      });
  });
});

test("no text crashes it", () => {
  const begin = "-----BEGIN EC PRIVATE KEY-----\n";
  const end = "\n-----END EC PRIVATE KEY-----\n";
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.base64String(), (text, base64) => {
      for (const key of [text, `${begin}${base64}${end}`, `${begin}${text}${end}`])
        expect(() => check(certOf(p256), key)).toThrow(/client key/);
    }),
    { numRuns: 50 },
  );
});
