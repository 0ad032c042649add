import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { KnownError, messageOf, systemCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { after, epochMillis, KiB, millis, type EpochMillis, type Millis } from "../../base/units.ts";
import {
  createAuthority,
  reopenAuthority,
  selfSigned,
  type Authority,
  type IssuedCertificate,
} from "../../base/x509.ts";

/** What the listener shows, and what whoever connects to it has to trust. */
export interface ServerCertificate extends IssuedCertificate {
  /** PEM: for `certificate-authority-data` of the webhook's kubeconfig. */
  readonly trust: string;
  /** It is ours, and is made anew by itself. */
  readonly own: boolean;
}

export interface CertificateWish {
  /** Holds `cert.pem` and `key.pem`, and beside them what signs them where they are ours. */
  readonly stateDir: string;
  /** By which the API server reaches us. */
  readonly hostname: string;
  readonly address: string;
}

const NAME = "aws-iam-authenticator";
const DAY = 24 * 60 * 60 * 1000;
/** The kubeconfig of an API server is read once, so what it trusts stays; what is shown does not. */
const AUTHORITY_LIFE = millis(10 * 365 * DAY);
const LIFE = millis(90 * DAY);
/** A new one is made when so much is left, long before anybody would refuse the old one. */
const RENEW = millis(30 * DAY);
/** Clocks of machines differ. */
const SLACK = millis(DAY);
const FILE_LIMIT = KiB(64);

/** Where each of them is. */
const pathsOf = (stateDir: string): Readonly<Record<"cert" | "key" | "caCert" | "caKey", string>> => ({
  cert: join(stateDir, "cert.pem"),
  key: join(stateDir, "key.pem"),
  caCert: join(stateDir, "ca.pem"),
  caKey: join(stateDir, "ca-key.pem"),
});

/**
 * The certificate in the state directory. A pair that somebody put there, aws-iam-authenticator's too, is taken as it
 * is. Else ours: made where there is none, and made anew in time or when another name is asked for.
 * @throws {KnownError} IAM_SERVER_CERTIFICATE
 */
export async function serverCertificate(wish: CertificateWish, system: System): Promise<ServerCertificate> {
  const paths = pathsOf(wish.stateDir);
  const [cert, key, caCert, caKey] = await Promise.all(
    [paths.cert, paths.key, paths.caCert, paths.caKey].map(async (path) => await read(path, system)),
  );
  if ((cert === undefined) !== (key === undefined))
    throw new KnownError(
      "IAM_SERVER_CERTIFICATE",
      `Cannot use ${cert === undefined ? paths.key : paths.cert}: ${cert === undefined ? paths.cert : paths.key} is missing`,
    );
  const old = cert === undefined || key === undefined ? undefined : { cert, key };
  // Without the key that signs, an authority is not ours: another program's `ca.pem` stands beside its pair.
  if (old !== undefined && (caCert === undefined || caKey === undefined))
    return { ...checked(old, paths), trust: old.cert, own: false };
  const now = system.now();
  const authority =
    caCert !== undefined && caKey !== undefined && lasts(caCert, now, LIFE)
      ? reopenAuthority({ cert: caCert, key: caKey }, { commonName: NAME })
      : await newAuthority(paths, now, system);
  if (old !== undefined && fits(old) && isGood(old.cert, authority, wish, now))
    return { ...old, trust: authority.cert, own: true };
  const made = authority.issue({
    commonName: NAME,
    names: namesOf(wish),
    notBefore: epochMillis(now - SLACK),
    notAfter: after(now, LIFE),
    use: "server",
  });
  // The key first: a crash between leaves a pair that does not fit, which `isGood` sees.
  await system.files.write(paths.key, made.key, { mode: 0o600 });
  await system.files.write(paths.cert, made.cert, { mode: 0o644 });
  return { ...made, trust: authority.cert, own: true };
}

/**
 * A pair that stands alone, for whoever copies it to other machines by hand: nothing renews it, so it lasts. One that is
 * there is taken.
 * @throws {KnownError} IAM_SERVER_CERTIFICATE
 */
export async function standingCertificate(wish: CertificateWish, system: System): Promise<ServerCertificate> {
  const paths = pathsOf(wish.stateDir);
  for (const path of [paths.cert, paths.key])
    if ((await system.files.facts(path)) !== undefined) return await givenCertificate(paths, system);
  const now = system.now();
  const made = selfSigned({
    commonName: NAME,
    names: namesOf(wish),
    notBefore: epochMillis(now - SLACK),
    notAfter: after(now, AUTHORITY_LIFE),
    use: "server",
  });
  await system.files.write(paths.key, made.key, { mode: 0o600 });
  await system.files.write(paths.cert, made.cert, { mode: 0o644 });
  return { ...made, trust: made.cert, own: false };
}

/** Whether nobody will take it any more soon. */
export const endsSoon = ({ cert }: ServerCertificate, now: EpochMillis): boolean => !lasts(cert, now, RENEW);

const newAuthority = async (
  paths: ReturnType<typeof pathsOf>,
  now: EpochMillis,
  system: System,
): Promise<Authority> => {
  const authority = createAuthority({
    commonName: NAME,
    notBefore: epochMillis(now - SLACK),
    notAfter: after(now, AUTHORITY_LIFE),
  });
  await system.files.write(paths.caKey, authority.key, { mode: 0o600 });
  await system.files.write(paths.caCert, authority.cert, { mode: 0o644 });
  return authority;
};

/** @throws {KnownError} IAM_SERVER_CERTIFICATE */
export async function givenCertificate(
  paths: { readonly cert: string; readonly key: string },
  system: System,
): Promise<ServerCertificate> {
  const [cert, key] = await Promise.all([read(paths.cert, system), read(paths.key, system)]);
  for (const [path, text] of [
    [paths.cert, cert],
    [paths.key, key],
  ] as const)
    if (text === undefined)
      throw new KnownError("IAM_SERVER_CERTIFICATE", `Cannot use "${path}": it is not there`);
  const pair = checked({ cert: cert ?? "", key: key ?? "" }, paths);
  return { ...pair, trust: pair.cert, own: false };
}

const checked = (
  pair: IssuedCertificate,
  paths: { readonly cert: string; readonly key: string },
): IssuedCertificate => {
  if (fits(pair)) return pair;
  throw new KnownError(
    "IAM_SERVER_CERTIFICATE",
    `Cannot use "${paths.cert}" with "${paths.key}": they are no certificate and its key`,
  );
};

const fits = ({ cert, key }: IssuedCertificate): boolean => {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
};

const lasts = (cert: string, now: EpochMillis, rest: Millis): boolean => {
  try {
    const { validFrom, validTo } = new X509Certificate(cert);
    return Date.parse(validFrom) <= now && Date.parse(validTo) > now + rest;
  } catch {
    return false;
  }
};

/** Whether what is there may be shown for a while yet. */
const isGood = (cert: string, authority: Authority, wish: CertificateWish, now: EpochMillis): boolean => {
  if (!lasts(cert, now, RENEW)) return false;
  const shown = new X509Certificate(cert);
  const names = namesOf(wish);
  return (
    shown.verify(new X509Certificate(authority.cert).publicKey) &&
    names.every((name) => (isIP(name) === 0 ? shown.checkHost(name) : shown.checkIP(name)) !== undefined)
  );
};

/** An address that means every address is nobody's name. */
const namesOf = ({ hostname, address }: CertificateWish): readonly string[] => [
  ...new Set([hostname, ...(/^[0:.]+$/.test(address) ? [] : [address])]),
];

const read = async (path: string, system: System): Promise<string | undefined> => {
  try {
    return (await system.files.read(path, FILE_LIMIT)).toString("utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new KnownError("IAM_SERVER_CERTIFICATE", `Cannot read "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
};
