import { cached } from "../base/cached.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { isWithin, KiB, millis, type EpochMillis } from "../base/units.ts";
import type { User } from "../kubeconfig/index.ts";
import { sameCertificate } from "./apply.ts";
import { checkCertificate } from "./certificate.ts";
import { checkToken } from "./token.ts";
import type { ClientCertificate, HeaderCredential } from "./types.ts";

/** A chain of a few certificates, or a key, in PEM. */
const PEM_LIMIT = KiB(256);
/** A token of 16 KiB with room for white space. */
const TOKEN_FILE_LIMIT = KiB(32);
/** client-go re-reads after 60 s less 10 s (credentials.md §4.3). */
const TOKEN_FILE_AGE = millis(50_000);

/** client-go reads the files again for a handshake, but not twice in a second (credentials.md §4.2). */
const CERTIFICATE_AGE = millis(1_000);

/**
 * The certificate of a user. Two files are read again when they are asked for, at most once a second, so that a
 * rotated certificate is used; data that stands in the kubeconfig stays. The same value is given as long as nothing
 * changed. A new pair that does not fit together, as in the middle of a rotation, is left alone for now.
 * @throws {KnownError} CLIENT_CONFIG_INVALID, from the function that it gives
 */
export function certificateReader(
  user: User,
  name: string,
  system: System,
): () => Promise<ClientCertificate | undefined> {
  const both = user.clientCertificateData === undefined && user.clientKeyData === undefined;
  let held: { readonly pair: ClientCertificate; readonly at: EpochMillis } | undefined;
  const read = async (): Promise<ClientCertificate> => {
    const pair = await readPair(user, name, system);
    held = { pair, at: system.now() };
    return pair;
  };
  const first = cached(read);
  return async () => {
    if (held === undefined) return await first.get();
    if (!both || isWithin(CERTIFICATE_AGE, held.at, system.now())) return held.pair;
    const last = held.pair;
    held = { pair: last, at: system.now() };
    try {
      const next = await readPair(user, name, system);
      if (!sameCertificate(next, last)) {
        checkCertificate(next);
        held = { pair: next, at: system.now() };
      }
    } catch (error) {
      system.log.verbose(1, `The client certificate stays as it was: ${messageOf(error)}`);
    }
    return held.pair;
  };
}

const readPair = async (user: User, name: string, system: System): Promise<ClientCertificate> => {
  const read = async (path: string, what: string): Promise<string> => {
    try {
      return (await system.files.read(path, PEM_LIMIT)).toString("utf8");
    } catch (error) {
      throw new KnownError(
        "CLIENT_CONFIG_INVALID",
        `invalid configuration: unable to read ${what} ${path} for ${name} due to ${osError(path, error)}`,
        { cause: error },
      );
    }
  };
  const cert = user.clientCertificateData ?? (await read(user.clientCertificate ?? "", "client-cert"));
  const key = user.clientKeyData ?? new Secret(await read(user.clientKey ?? "", "client-key"));
  return { cert, key };
};

/** A header that needs no work: basic, token, or a token file that is read anew every 50 s. */
export function headerReader(
  user: User,
  system: System,
): (() => Promise<HeaderCredential | undefined>) | undefined {
  if (user.tokenFile !== undefined) return tokenFileReader(user.tokenFile, user.token, system);
  if (user.token !== undefined) {
    const header: HeaderCredential = { kind: "bearer", token: checkToken(user.token.reveal(), "kubeconfig") };
    return () => Promise.resolve(header);
  }
  if (user.username === undefined) return undefined;
  const header: HeaderCredential = {
    kind: "basic",
    username: user.username,
    password: user.password ?? new Secret(""),
  };
  return () => Promise.resolve(header);
}

/** The file wins over `token`, which only seeds it; a read that fails keeps the last good one (credentials.md §4.3). */
const tokenFileReader = (
  path: string,
  seed: Secret | undefined,
  system: System,
): (() => Promise<HeaderCredential>) => {
  let held: { readonly header: HeaderCredential; readonly at: EpochMillis } | undefined;
  const keep = (token: Secret): HeaderCredential => {
    // The same object as long as the token is the same, so that nobody takes it for a new credential.
    const same = held?.header.kind === "bearer" && held.header.token.equals(token) ? held.header : undefined;
    const header = same ?? ({ kind: "bearer", token } as const);
    held = { header, at: system.now() };
    return header;
  };
  return async () => {
    if (held !== undefined && isWithin(TOKEN_FILE_AGE, held.at, system.now())) return held.header;
    try {
      const text = (await system.files.read(path, TOKEN_FILE_LIMIT)).toString("utf8").trim();
      if (text !== "") return keep(checkToken(text, `token file "${path}"`));
      system.log.verbose(1, `read empty token from file "${path}"`);
    } catch (error) {
      if (held === undefined && seed === undefined)
        throw new KnownError(
          "TOKEN_FILE_UNREADABLE",
          `failed to read token file "${path}": ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      system.log.verbose(1, `failed to read token file "${path}": ${messageOf(error)}`);
    }
    if (held !== undefined) return held.header;
    if (seed !== undefined) return keep(checkToken(seed.reveal(), "kubeconfig"));
    throw new KnownError("TOKEN_FILE_UNREADABLE", `read empty token from file "${path}"`);
  };
};
