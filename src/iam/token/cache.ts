import { join } from "node:path";
import { DecodeError, integer, object, optional, string } from "../../base/decode.ts";
import { messageOf } from "../../base/errors.ts";
import { places } from "../../base/places.ts";
import { privatePlace, privatePlaces } from "../../base/private-place.ts";
import { parseQuietly } from "../../base/quote.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { epochMillis, isDate, KiB, millis, type EpochMillis } from "../../base/units.ts";
import type { SigningKeys } from "./sigv4.ts";

/** What is kept of AWS's, by its name. */
export type Kept = KeptKeys | KeptToken;

interface Entry {
  /** For a list: nothing of it is a secret. */
  readonly about: About;
  readonly savedAt: EpochMillis;
  readonly expiresAt: EpochMillis;
}
export interface KeptKeys extends Entry {
  readonly kind: "keys";
  readonly keys: SigningKeys;
}
export interface KeptToken extends Entry {
  readonly kind: "token";
  readonly token: Secret;
}

export interface About {
  readonly source: string;
  readonly profile: string | undefined;
  readonly role: string | undefined;
  readonly cluster: string | undefined;
}

export interface IamCache {
  /** The directory that they are in. */
  readonly place: string;
  /** What is over, cannot be read, is not whole or is not ours counts as nothing (security.md R-K4, R-K6). */
  read<Kind extends Kept["kind"]>(
    key: string,
    kind: Kind,
  ): Promise<Extract<Kept, { kind: Kind }> | undefined>;
  /** Old or new, never a part; mode 0600. That it could not be kept is a warning (R-K7). */
  write(key: string, entry: Kept): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Of the format. A newer one is none that we know, so it is nothing to us. */
const VERSION = 1;
/** A session token of 4 KB, with room. */
const LIMIT = KiB(64);
/** Below the cache directory; `kauth clean` knows it too. */
const DIRECTORY = "iam";
const NAME = /^[0-9a-f]{64}\.json$/;

const directoryOf = (system: System): string => join(places(system).cache, DIRECTORY);

const text = optional(string);
const shape = object({
  version: integer,
  key: string,
  kind: string,
  source: string,
  profile: text,
  role: text,
  cluster: text,
  saved_at: integer,
  expires_at: integer,
  access_key_id: text,
  secret_access_key: text,
  session_token: text,
  token: text,
});

/** Undefined, with a warning where something is to be kept: there is no place that is the person's alone (R-K1). */
export async function openIamCache(system: System): Promise<IamCache | undefined> {
  const directory = directoryOf(system);
  const place = await privatePlace(directory, system);
  if (place === undefined) {
    system.log.warn(`Nothing of AWS's is kept: "${directory}" is not yours alone, or cannot be made`);
    return undefined;
  }
  const pathOf = (key: string): string => join(place, `${key}.json`);
  return {
    place,
    remove: async (key) => await system.files.remove(pathOf(key)).catch(() => undefined),
    read: async <Kind extends Kept["kind"]>(key: string, kind: Kind) => {
      const entry = await readEntry(pathOf(key), key, system);
      if (entry?.kind !== kind || !isUsable(entry, system.now())) return undefined;
      return entry as Extract<Kept, { kind: Kind }>;
    },
    write: async (key, entry) => {
      try {
        await system.files.write(pathOf(key), render(key, entry));
      } catch (error) {
        system.log.warn(`Cannot keep what AWS gave: ${messageOf(error)}. The next command asks again`);
      }
    },
  };
}

const FUTURE = millis(5 * 60_000);
const MARGIN = millis(60_000);

/** Not what ends soon, and not what comes from a clock far ahead of ours (R-K6). */
const isUsable = ({ savedAt, expiresAt }: Kept, now: EpochMillis): boolean =>
  savedAt <= now + FUTURE && now < expiresAt - Math.max(MARGIN, (expiresAt - savedAt) / 20);

const readEntry = async (path: string, key: string, system: System): Promise<Kept | undefined> => {
  const { files, uid } = system;
  const facts = await files.nameFacts(path);
  if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
  const content = await files.read(path, LIMIT).catch(() => undefined);
  return content === undefined ? undefined : parse(key, content.toString("utf8"));
};

const parse = (key: string, content: string): Kept | undefined => {
  let found: ReturnType<typeof shape>;
  try {
    found = shape(parseQuietly(content), "");
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  const { source, profile, role, cluster, saved_at: saved, expires_at: end } = found;
  if (found.version !== VERSION || found.key !== key || !isDate(saved) || !isDate(end)) return undefined;
  const entry = {
    about: { source, profile, role, cluster },
    savedAt: epochMillis(saved),
    expiresAt: epochMillis(end),
  };
  const { access_key_id: id, secret_access_key: secret, session_token: session, token } = found;
  if (found.kind === "token" && token !== undefined)
    return { ...entry, kind: "token", token: new Secret(token) };
  if (found.kind !== "keys" || id === undefined || secret === undefined) return undefined;
  return {
    ...entry,
    kind: "keys",
    keys: {
      accessKeyId: id,
      secretAccessKey: new Secret(secret),
      sessionToken: session === undefined ? undefined : new Secret(session),
    },
  };
};

const render = (key: string, entry: Kept): string =>
  `${JSON.stringify({
    version: VERSION,
    key,
    kind: entry.kind,
    ...entry.about,
    saved_at: entry.savedAt,
    expires_at: entry.expiresAt,
    ...(entry.kind === "token"
      ? { token: entry.token.reveal() }
      : {
          access_key_id: entry.keys.accessKeyId,
          secret_access_key: entry.keys.secretAccessKey.reveal(),
          session_token: entry.keys.sessionToken?.reveal(),
        }),
  })}\n`;

export interface ListedEntry {
  readonly path: string;
  /** Undefined: it is not whole, or of another version. */
  readonly entry: Kept | undefined;
}

/** All that is kept, oldest first; nothing is made for it, and what is not ours by its name is left out. */
export async function listIamCache(system: System): Promise<readonly ListedEntry[]> {
  const found: ListedEntry[] = [];
  for (const place of await privatePlaces(directoryOf(system), system))
    for (const name of await system.files.list(place).catch((): readonly string[] => []))
      if (NAME.test(name)) {
        const path = join(place, name);
        found.push({ path, entry: await readEntry(path, name.slice(0, -".json".length), system) });
      }
  const order = ({ entry }: ListedEntry): string => `${entry?.savedAt ?? 0} ${entry?.kind ?? ""}`;
  return found.toSorted((one, other) => (order(one) < order(other) ? -1 : 1));
}
