import { dirname, join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { flightNames, flightPlaces, isFlightPlace } from "../base/seat.ts";
import type { System } from "../base/system.ts";
import { sha256 } from "../base/sha256.ts";
import type { EpochMillis } from "../base/units.ts";
import { ENTRY_LIMIT } from "./entry.ts";

interface Found {
  readonly content: string;
  readonly modified: EpochMillis;
}

/** Of a file that is ours; closed to others, should it be open. */
export const readFile = async (path: string, { files, uid, log }: System): Promise<Found | undefined> => {
  const facts = await files.nameFacts(path);
  if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
  const content = await files.read(path, ENTRY_LIMIT).catch(() => undefined);
  if (content !== undefined && uid !== undefined && (facts.mode & 0o077) !== 0)
    // Not written anew: meanwhile another process may have put a newer one there.
    await files
      .setMode(path, 0o600)
      .catch((error: unknown) => log.warn(`Others may read "${path}": ${messageOf(error)}`));
  return content && { content: content.toString("utf8"), modified: facts.modified };
};

/** The places beside a directory for tokens, where what it does not take can go. */
export interface Spares {
  /** The first that can be had, made if it is missing. */
  first(): Promise<string | undefined>;
  /** Those that are there. */
  present(): Promise<readonly string[]>;
  newest(name: string): Promise<Found | undefined>;
  /** @returns where it was written */
  write(name: string, content: string, besides: string): Promise<string | undefined>;
  remove(name: string, besides: string): Promise<void>;
}

const PREFIX = "kept-";

/** Directories of the runtime directory and the temporary one, which are ours alone; each directory has its own. */
export const sparesOf = (directory: string, system: System): Spares => {
  const { files } = system;
  const hash = (): string => sha256(directory).toString("hex").slice(0, 16);
  const names = (): readonly string[] =>
    flightNames(system).map((above) => join(above, `${PREFIX}${hash()}`));
  const made = async function* (): AsyncGenerator<string> {
    for (const above of await flightPlaces(system)) {
      const place = join(above, `${PREFIX}${hash()}`);
      try {
        await files.makeDirectory(place);
        yield place;
      } catch {
        // The next may do.
      }
    }
  };
  return {
    first: async () => {
      for await (const place of made()) return place;
      return undefined;
    },
    present: async () => {
      const found: string[] = [];
      for (const place of names())
        if (
          (await files.nameFacts(place))?.kind === "directory" &&
          (await isFlightPlace(dirname(place), system))
        )
          found.push(place);
      return found;
    },
    newest: async (name) => {
      let newest: Found | undefined;
      for (const place of names()) {
        const path = join(place, name);
        if ((await files.nameFacts(path)) === undefined || !(await isFlightPlace(dirname(place), system)))
          continue;
        const found = await readFile(path, system);
        if (found !== undefined && found.modified > (newest?.modified ?? 0)) newest = found;
      }
      return newest;
    },
    write: async (name, content, besides) => {
      for await (const place of made()) {
        if (place === besides) continue;
        const done = await files.write(join(place, name), content).then(
          () => true,
          () => false,
        );
        if (done) return place;
      }
      return undefined;
    },
    remove: async (name, besides) => {
      for (const place of names()) {
        const path = join(place, name);
        if (place === besides || (await files.nameFacts(path)) === undefined) continue;
        // Another user's directory may have a symlink to what has just been written.
        if (await isFlightPlace(dirname(place), system)) await files.remove(path).catch(() => undefined);
      }
    },
  };
};
