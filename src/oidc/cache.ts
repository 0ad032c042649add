import { join, resolve } from "node:path";
import { messageOf } from "../base/errors.ts";
import { privatePlace, privatePlaces } from "../base/private-place.ts";
import type { System } from "../base/system.ts";
import { isWithin, millis } from "../base/units.ts";
import { parseEntry, renderEntry, type Entry } from "./entry.ts";
import { readFile, sparesOf } from "./spare.ts";

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
 * Entries as files of mode 0600 in a directory that is ours alone. Where that takes none (a full disk, a home that cannot
 * be written) they go to a spare place, which a restart of the machine may empty: a refresh token that was good once is
 * not lost with the old one. Undefined, with a warning: there is no place at all.
 * @param directory made if it is missing; one that others may read is used through a directory of our own in it
 */
export async function openCache(
  directory: string,
  system: System,
  format: Format = PLAIN,
): Promise<Cache | undefined> {
  const { files, log } = system;
  const asked = resolve(system.cwd, directory);
  const spares = sparesOf(asked, system);
  const own = await privatePlace(asked, system);
  const place = own ?? (await spares.first());
  if (own === undefined)
    log.warn(
      `Tokens are ${place === undefined ? "not kept" : `kept in "${place}" for now`}: "${directory}" is not yours alone, or cannot be made`,
    );
  if (place === undefined) return undefined;
  const nameOf = (key: string): string => `${key}.json`;
  const write = async (key: string, entry: Entry): Promise<void> =>
    await files.write(join(place, nameOf(key)), format.render(key, entry));
  return {
    place,
    read: async (key) => {
      const found = await readFile(join(place, nameOf(key)), system);
      const spare = await spares.newest(nameOf(key));
      const newest = spare !== undefined && spare.modified > (found?.modified ?? 0) ? spare : found;
      return newest && format.parse(key, newest.content);
    },
    write: async (key, entry) => {
      try {
        await write(key, entry);
        await spares.remove(nameOf(key), place);
        await sweep(place, nameOf(key), system);
        return true;
      } catch (error) {
        const where = await spares.write(nameOf(key), format.render(key, entry), place);
        const next = where === undefined ? "The next command signs in again" : `It is in "${where}" for now`;
        log.warn(`Cannot keep the token in "${place}": ${messageOf(error)}. ${next}`);
        return where !== undefined;
      }
    },
    remove: async (key) => {
      await files.remove(join(place, nameOf(key))).catch(() => undefined);
      await spares.remove(nameOf(key), place);
    },
  };
}

/** A writer that is not killed is done in less. */
const DRAFT_LIFE = millis(60_000);

/** Removes drafts that killed writers have left: there are tokens in them. */
const sweep = async (place: string, name: string, system: System): Promise<void> => {
  const { files } = system;
  for (const each of await files.list(place).catch((): readonly string[] => [])) {
    if (!each.startsWith(`${name}.`) || !each.endsWith(".new")) continue;
    const facts = await files.nameFacts(join(place, each));
    if (facts !== undefined && !isWithin(DRAFT_LIFE, facts.modified, system.now()))
      await files.remove(join(place, each)).catch(() => undefined);
  }
};

/** Where entries are, without making anything: for whoever only looks. */
export const placesOfEntries = async (directory: string, system: System): Promise<readonly string[]> => {
  const asked = resolve(system.cwd, directory);
  return [...(await privatePlaces(asked, system)), ...(await sparesOf(asked, system).present())];
};
