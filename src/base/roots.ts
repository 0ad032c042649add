import * as tls from "node:tls";
import { posix } from "node:path";
import { certificatesOf } from "./pem.ts";
import type { System } from "./system.ts";
import { MiB } from "./units.ts";

/** The bundles of Linux and BSD distributions; the first that can be read counts. */
const BUNDLES = [
  // Debian, Ubuntu, Arch, Gentoo
  "/etc/ssl/certs/ca-certificates.crt",
  // Fedora, RHEL
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  // Alpine, OpenBSD
  "/etc/ssl/cert.pem",
  // FreeBSD
  "/usr/local/etc/ssl/cert.pem",
  "/usr/local/share/certs/ca-root-nss.crt",
];
/** Every certificate in them counts too. */
const DIRECTORIES = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** A bundle with every authority of the web is 220 KiB. */
const BUNDLE_LIMIT = MiB(8);
/** Distributions have about 600 entries: each certificate, and its hash as a link. */
const ENTRIES_LIMIT = 5_000;

/**
 * The authorities that this system trusts, found as Go finds them, so that kauth trusts whom kubectl trusts: on Linux
 * and the BSDs `SSL_CERT_FILE` or the first bundle, and `SSL_CERT_DIR` or the usual directories; on macOS and Windows
 * the system's store with the runtime's own list. Undefined: leave it to the runtime. What cannot be read is left out;
 * where nothing can, nobody is trusted.
 * It reads some hundred files: keep the answer.
 */
export async function systemRoots(system: System): Promise<readonly string[] | undefined> {
  if (system.platform === "darwin" || system.platform === "win32") return await storeRoots();
  const { env } = system;
  const found = new Set<string>();
  const named = env["SSL_CERT_FILE"] ?? "";
  for (const path of named === "" ? BUNDLES : [named]) {
    const text = await readText(system, path);
    if (text === undefined) continue;
    for (const certificate of certificatesOf(text)) found.add(certificate);
    break;
  }
  const directories = env["SSL_CERT_DIR"] ?? "";
  for (const directory of directories === "" ? DIRECTORIES : directories.split(":"))
    for (const text of await readDirectory(system, directory))
      for (const certificate of certificatesOf(text)) found.add(certificate);
  return [...found];
}

const readText = async (system: System, path: string): Promise<string | undefined> => {
  try {
    return (await system.files.read(path, BUNDLE_LIMIT)).toString("latin1");
  } catch {
    return undefined;
  }
};

const readDirectory = async (system: System, directory: string): Promise<readonly string[]> => {
  const names = await system.files.list(directory).catch(() => []);
  const texts = await Promise.all(
    names.slice(0, ENTRIES_LIMIT).map(async (name) => await readText(system, posix.join(directory, name))),
  );
  return texts.filter((text) => text !== undefined);
};

const storeRoots = async (): Promise<readonly string[] | undefined> => {
  // Node 22.15 and 24; without it the runtime's own list is all there is.
  if (typeof tls.getCACertificates !== "function") return undefined;
  const own = tls.getCACertificates("system");
  return own.length === 0 ? undefined : [...new Set([...own, ...tls.getCACertificates("bundled")])];
};
