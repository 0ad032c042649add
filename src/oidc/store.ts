import { join } from "node:path";
import { DecodeError, integer, object, optional, string } from "../base/decode.ts";
import { messageOf } from "../base/errors.ts";
import { parseQuietly } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import type { EpochMillis } from "../base/units.ts";
import { ENTRY_NAME, placesOfEntries } from "./cache.ts";
import { HANDED_OUT } from "../base/handed-out.ts";
import {
  aboutShape,
  ENTRY_LIMIT,
  ENTRY_VERSION,
  parseEntry,
  readAbout,
  type About,
  type Entry,
} from "./entry.ts";

/** An entry as a list shows it: nothing of it is a secret. */
export interface Listed {
  readonly key: string;
  readonly path: string;
  readonly storage: "disk" | "keyring";
  /** Undefined: written by a version that did not say. */
  readonly about: About | undefined;
  /** When it was written. */
  readonly modified: EpochMillis;
  /** With its tokens. Undefined: they are sealed with a key in the keyring, see `openSealed`. */
  readonly entry: Entry | undefined;
}

const HEAD = object({
  version: integer,
  key: string,
  about: optional(aboutShape),
  sealed: optional(object({})),
});

/** All entries below a token directory, oldest first. What is not ours, or not whole, is left out. */
export async function listEntries(directory: string, system: System): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  for (const place of await placesOfEntries(directory, system))
    for (const name of await system.files.list(place).catch((): readonly string[] => [])) {
      if (!ENTRY_NAME.test(name)) continue;
      const listed = await readListed(join(place, name), name.slice(0, 64), system);
      if (listed !== undefined) found.push(listed);
    }
  return found.toSorted((one, other) => one.modified - other.modified);
}

const readListed = async (path: string, key: string, { files, uid }: System): Promise<Listed | undefined> => {
  const facts = await files.nameFacts(path);
  if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
  const content = (await files.read(path, ENTRY_LIMIT).catch(() => undefined))?.toString("utf8");
  if (content === undefined) return undefined;
  try {
    const head = HEAD(parseQuietly(content), "");
    if (head.version !== ENTRY_VERSION || head.key !== key) return undefined;
    const sealed = head.sealed !== undefined;
    const entry = sealed ? undefined : parseEntry(key, content);
    if (!sealed && entry === undefined) return undefined;
    return {
      key,
      path,
      storage: sealed ? "keyring" : "disk",
      about: head.about && readAbout(head.about),
      modified: facts.modified,
      entry,
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

/** Forgets an entry. What the provider knows of it, is another matter (RFC 7009). @returns why not, if it could not */
export const removeEntry = async (
  { path }: Pick<Listed, "path">,
  { files }: System,
): Promise<string | undefined> => {
  try {
    await files.remove(path);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};

/** What else is ours there: the memory of refused tokens, and drafts that a killed process left. */
export async function otherFiles(
  directory: string,
  system: System,
): Promise<readonly Pick<Listed, "path">[]> {
  const found: { readonly path: string }[] = [];
  for (const place of await placesOfEntries(directory, system))
    for (const name of await system.files.list(place).catch((): readonly string[] => []))
      if (name === HANDED_OUT || DRAFT_NAME.test(name)) found.push({ path: join(place, name) });
  return found;
}

const DRAFT_NAME = /^[0-9a-f]{64}\.json\.[0-9a-f]{12}\.new$/;
