import { KnownError, messageOf } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import { certificatesOf, pemBlocks } from "../base/pem.ts";
import type { System } from "../base/system.ts";
import { isWithin, KiB, millis, type EpochMillis } from "../base/units.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";

/** PEM, one certificate each. Undefined: whom the runtime trusts. Empty: nobody. */
export type Authorities = readonly string[] | undefined;

/** A bundle of a hundred authorities is some 200 KiB. */
const CA_LIMIT = KiB(1024);
/** A file is compared again at most so often (credentials.md §4.2). */
const FILE_AGE = millis(5 * 60_000);

/**
 * Who vouches for the API server (credentials.md §4.2): data over file, and then nobody else; without either, the
 * system's roots. The same list is given as long as nothing changed. A file is read again every five minutes; one that
 * has become unreadable, empty or wrong by then changes nothing.
 * @throws {KnownError} CLIENT_CONFIG_INVALID, from the function that it gives
 */
export const authoritiesOf = (
  config: ClientConfig,
  system: System,
  roots: () => Promise<Authorities>,
): (() => Promise<Authorities>) => {
  const { certificateAuthority: path, certificateAuthorityData: data } = config.cluster;
  if (data !== undefined) {
    let parsed: readonly string[] | undefined;
    return () => Promise.resolve().then(() => (parsed ??= parseAuthorities(data)));
  }
  return path === undefined ? roots : authorityFile(path, config.clusterName ?? "", system);
};

const authorityFile = (path: string, cluster: string, system: System): (() => Promise<Authorities>) => {
  let held: { readonly text: string; readonly list: readonly string[] } | undefined;
  let readAt: EpochMillis | undefined;
  let first: Promise<readonly string[]> | undefined;
  const read = async (): Promise<string> => (await system.files.read(path, CA_LIMIT)).toString("latin1");
  const begin = async (): Promise<readonly string[]> => {
    const text = await read().catch((error: unknown) => {
      throw new KnownError(
        "CLIENT_CONFIG_INVALID",
        `invalid configuration: unable to read certificate-authority ${path} for ${cluster} due to ${osError(path, error)}`,
        { cause: error },
      );
    });
    // A file that is there and empty trusts nobody; it must never become the system's roots.
    held = { text, list: text === "" ? [] : parseAuthorities(text) };
    readAt = system.now();
    return held.list;
  };
  const again = async (last: NonNullable<typeof held>): Promise<readonly string[]> => {
    // At once, so that others who ask now do not read too.
    readAt = system.now();
    try {
      const text = await read();
      if (text !== "" && text !== last.text) held = { text, list: parseAuthorities(text) };
    } catch (error) {
      system.log.verbose(1, `The authority in ${path} stays as it was: ${messageOf(error)}`);
    }
    return (held ?? last).list;
  };
  return async () => {
    if (held === undefined || readAt === undefined)
      return await (first ??= begin().finally(() => (first = undefined)));
    return isWithin(FILE_AGE, readAt, system.now()) ? held.list : await again(held);
  };
};

/** The certificates of a bundle, or client-go's complaint when there is not one good one (credentials.md §4.2). */
const parseAuthorities = (text: string): readonly string[] => {
  const good = certificatesOf(text);
  if (good.length > 0) return good;
  const blocks = pemBlocks(text);
  const reason =
    blocks.length === 0
      ? "unable to parse bytes as PEM block"
      : blocks.some(({ label, headers }) => label === "CERTIFICATE" && !headers)
        ? "failed to parse certificate: x509: malformed certificate"
        : "no valid certificate authority data seen";
  throw new KnownError("CLIENT_CONFIG_INVALID", `unable to load root certificates: ${reason}`, {
    hint: "Correct certificate-authority-data or the file of certificate-authority in the cluster entry",
  });
};
