import { dirname, join, resolve } from "node:path";
import { messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { ENTRY_LIMIT, parseEntry, renderEntry, type Entry } from "./entry.ts";

export type { Entry };

export interface Cache {
  /** What cannot be read, is not whole or is not ours counts as nothing (security.md R-K4). */
  read(key: string): Promise<Entry | undefined>;
  /** Old or new, never a part, and on the disk. Says whether it is kept; why not, is a warning (R-K7). */
  write(key: string, entry: Entry): Promise<boolean>;
  remove(key: string): Promise<void>;
}

/** How an entry becomes the text of its file, and back. */
export interface Format {
  readonly render: (key: string, entry: Entry) => string;
  readonly parse: (key: string, content: string) => Entry | undefined;
}

const PLAIN: Format = { render: renderEntry, parse: parseEntry };

/** Where the directory that was named is open to others. */
const PRIVATE_NAME = "kauth-private";

/** Of an entry of ours, whatever else its directory holds. */
export const ENTRY_NAME = /^[0-9a-f]{64}\.json$/;

/**
 * Entries as files of mode 0600 in a directory that is ours alone. Undefined, with a warning: there is none.
 * @param directory made if it is missing; one that others may read is used through a directory of our own in it
 */
export async function openCache(
  directory: string,
  system: System,
  format: Format = PLAIN,
): Promise<Cache | undefined> {
  const place = await privatePlace(resolve(system.cwd, directory), system);
  if (place === undefined) {
    system.log.warn(`Tokens are not kept: "${directory}" is not yours alone, or cannot be made`);
    return undefined;
  }
  const pathOf = (key: string): string => join(place, `${key}.json`);
  const { files, uid, log } = system;
  return {
    read: async (key) => {
      const path = pathOf(key);
      const facts = await files.nameFacts(path);
      if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
      const content = await files.read(path, ENTRY_LIMIT).catch(() => undefined);
      const entry = content && format.parse(key, content.toString("utf8"));
      if (entry !== undefined && uid !== undefined && (facts.mode & 0o077) !== 0)
        // Not written anew: meanwhile another process may have put a newer one there.
        await files
          .setMode(path, 0o600)
          .catch((error: unknown) => log.warn(`Others may read "${path}": ${messageOf(error)}`));
      return entry;
    },
    write: async (key, entry) => {
      try {
        await files.write(pathOf(key), format.render(key, entry));
        return true;
      } catch (error) {
        log.warn(`Cannot keep the token: ${messageOf(error)}. The next command signs in again`);
        return false;
      }
    },
    remove: async (key) => await files.remove(pathOf(key)).catch(() => undefined),
  };
}

/** The directory itself, or one of ours in it; made if missing. */
const privatePlace = async (directory: string, system: System): Promise<string | undefined> => {
  const { files, uid } = system;
  try {
    await files.makeDirectory(directory);
  } catch {
    // It may be there all the same, on a file system that cannot be written.
  }
  try {
    if (await isPrivate(directory, system)) return directory;
    const own = join(directory, PRIVATE_NAME);
    // Below a symlink or in somebody else's directory, ours could be taken away and replaced.
    const facts = await files.nameFacts(directory);
    if (facts?.kind !== "directory" || facts.uid !== uid) return undefined;
    await files.makeDirectory(own);
    const made = await files.nameFacts(own);
    if (made?.kind === "directory" && made.uid === uid && (made.mode & 0o077) !== 0)
      await files.setMode(own, 0o700);
    return (await isPrivate(own, system)) ? own : undefined;
  } catch {
    return undefined;
  }
};

/** Where entries are, without making anything: for whoever only looks. */
export const placesOfEntries = async (directory: string, system: System): Promise<readonly string[]> => {
  const asked = resolve(system.cwd, directory);
  const found: string[] = [];
  for (const place of [asked, join(asked, PRIVATE_NAME)])
    if (await isPrivate(place, system)) found.push(place);
  return found;
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
