import { dirname, join, resolve } from "node:path";
import { DecodeError, integer, object, optional, string } from "../base/decode.ts";
import { messageOf } from "../base/errors.ts";
import { parseQuietly } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { epochMillis, isDate, KiB, type EpochMillis } from "../base/units.ts";

/** What is kept of a sign-in. */
export interface Entry {
  readonly idToken: Secret | undefined;
  readonly accessToken: Secret | undefined;
  readonly refreshToken: Secret | undefined;
  /** Of the access token. */
  readonly expiresAt: EpochMillis | undefined;
}

export interface Cache {
  /** What cannot be read, is not whole or is not ours counts as nothing (security.md R-K4). */
  read(key: string): Promise<Entry | undefined>;
  /** Old or new, never a part. Says whether it is kept; why not, is a warning (R-K7). */
  write(key: string, entry: Entry): Promise<boolean>;
  remove(key: string): Promise<void>;
}

/** Of the format. A newer one is none that we know, so it is nothing to us. */
const VERSION = 1;
/** Three tokens of 16 KiB each, with room. */
const LIMIT = KiB(128);
/** Where the directory that was named is open to others. */
const PRIVATE_NAME = "kauth-private";

const text = optional(string);
const shape = object({
  version: integer,
  key: string,
  id_token: text,
  access_token: text,
  refresh_token: text,
  expires_at: optional(integer),
});

/**
 * Entries as files of mode 0600 in a directory that is ours alone. Undefined, with a warning: there is none.
 * @param directory made if it is missing; one that others may read is used through a directory of our own in it
 */
export async function openCache(directory: string, system: System): Promise<Cache | undefined> {
  const place = await privatePlace(resolve(system.cwd, directory), system);
  if (place === undefined) {
    system.log.warn(`Tokens are not kept: "${directory}" is not yours alone, or cannot be made`);
    return undefined;
  }
  const pathOf = (key: string): string => join(place, `${key}.json`);
  const { files, uid, log } = system;
  const write: Cache["write"] = async (key, entry) => {
    try {
      await files.write(pathOf(key), render(key, entry));
      return true;
    } catch (error) {
      log.warn(`Cannot keep the token: ${messageOf(error)}. The next command signs in again`);
      return false;
    }
  };
  return {
    read: async (key) => {
      const facts = await files.nameFacts(pathOf(key));
      if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
      const entry = parse(key, await files.read(pathOf(key), LIMIT).catch(() => undefined));
      if (entry !== undefined && uid !== undefined && (facts.mode & 0o077) !== 0) await write(key, entry);
      return entry;
    },
    write,
    remove: async (key) => await files.remove(pathOf(key)).catch(() => undefined),
  };
}

const parse = (key: string, content: Buffer | undefined): Entry | undefined => {
  try {
    const found = shape(parseQuietly(content?.toString("utf8") ?? ""), "");
    if (found.version !== VERSION || found.key !== key) return undefined;
    const end = found.expires_at;
    if (end !== undefined && !isDate(end)) return undefined;
    return {
      idToken: secretOf(found.id_token),
      accessToken: secretOf(found.access_token),
      refreshToken: secretOf(found.refresh_token),
      expiresAt: end === undefined ? undefined : epochMillis(end),
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

const secretOf = (value: string | undefined): Secret | undefined =>
  value === undefined || value === "" ? undefined : new Secret(value);

const render = (key: string, entry: Entry): string =>
  `${JSON.stringify({
    version: VERSION,
    key,
    id_token: entry.idToken?.reveal(),
    access_token: entry.accessToken?.reveal(),
    refresh_token: entry.refreshToken?.reveal(),
    expires_at: entry.expiresAt,
  })}\n`;

const privatePlace = async (directory: string, system: System): Promise<string | undefined> => {
  try {
    await system.files.makeDirectory(directory);
    if (await isPrivate(directory, system)) return directory;
    const own = join(directory, PRIVATE_NAME);
    // Below a symlink or in somebody else's directory, ours could be taken away and replaced.
    const facts = await system.files.nameFacts(directory);
    if (facts?.kind !== "directory" || facts.uid !== system.uid) return undefined;
    await system.files.makeDirectory(own);
    return (await isPrivate(own, system)) ? own : undefined;
  } catch {
    return undefined;
  }
};

/** Ours, closed to others, and nobody else can put another in its place (security.md R-K1). */
const isPrivate = async (directory: string, { uid, files }: System): Promise<boolean> => {
  if (uid === undefined) return true;
  const own = await files.nameFacts(directory);
  if (own?.kind !== "directory" || own.uid !== uid || (own.mode & 0o077) !== 0) return false;
  for (let at = dirname(directory); ; at = dirname(at)) {
    const above = await files.facts(at);
    if (above === undefined || (above.uid !== uid && above.uid !== 0)) return false;
    const sticky = (above.mode & 0o1000) !== 0;
    if ((above.mode & 0o022) !== 0 && !sticky) return false;
    if (dirname(at) === at) return true;
  }
};
