import { join, resolve } from "node:path";
import { messageOf } from "../base/errors.ts";
import { privatePlace, privatePlaces } from "../base/private-place.ts";
import type { System } from "../base/system.ts";
import { ENTRY_LIMIT, parseEntry, renderEntry, type Entry } from "./entry.ts";

export type { Entry };

export interface Cache {
  /** Where it is: no two have the same. Of files it is the directory, which is ours alone. */
  readonly place: string;
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
    place,
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

/** Where entries are, without making anything: for whoever only looks. */
export const placesOfEntries = async (directory: string, system: System): Promise<readonly string[]> => {
  return await privatePlaces(resolve(system.cwd, directory), system);
};
