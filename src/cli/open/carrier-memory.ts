import { createHash } from "node:crypto";
import { join } from "node:path";
import { decode, dictionary, integer, object, parseJson, string } from "../../base/decode.ts";
import { places } from "../../base/places.ts";
import type { System } from "../../base/system.ts";
import { KiB } from "../../base/units.ts";
import type { Carrier, CarrierMemory } from "../../tunnel/index.ts";

/** A winner is tried alone for a day (decisions.md "Carriers"). */
const GOOD_FOR_MILLISECONDS = 24 * 60 * 60 * 1000;
/** Version, and a line per cluster: 64 KiB is some 500 clusters. */
const FILE_LIMIT = KiB(64);
const VERSION = 1;

/** The one part that every version has. */
const versioned = object({ version: integer });
const shape = object({
  carriers: dictionary(object({ carrier: string, at: integer })),
});

/**
 * `<state>/carriers.json`: which carrier worked, by a hash of the server and the proxy on the way there. Losing it costs 300 ms once, so a file that is
 * damaged is replaced; one of a newer kauth is left as it is.
 */
export async function carrierMemory(system: System, server: string): Promise<CarrierMemory> {
  const path = join(places(system).state, "carriers.json");
  const key = createHash("sha256").update(server).digest("hex").slice(0, 32);
  const known = new Map<string, { carrier: string; at: number }>();
  let newer = false;
  try {
    const from = { what: path, code: "STATE_INVALID" } as const;
    const content = parseJson((await system.files.read(path, FILE_LIMIT)).toString("utf8"));
    const { version } = decode(versioned, content, from);
    newer = version > VERSION;
    if (newer) system.log.warn(`"${path}" is of a newer kauth: it is neither used nor changed`);
    if (version === VERSION)
      for (const [name, entry] of decode(shape, content, from).carriers)
        known.set(name, { carrier: entry.carrier, at: entry.at });
  } catch {
    // Absent or damaged: both mean that nothing is remembered.
  }
  const save = (): void => {
    if (newer) return;
    const live = [...known].filter(([, entry]) => system.now() - entry.at < GOOD_FOR_MILLISECONDS);
    const text = JSON.stringify({ version: VERSION, carriers: Object.fromEntries(live) });
    // A read-only home must not stop the person; the next start tries both carriers again.
    system.files.write(path, `${text}\n`).catch((): void => undefined);
  };
  return {
    recall: () => {
      const entry = known.get(key);
      if (entry === undefined || system.now() - entry.at >= GOOD_FOR_MILLISECONDS) return undefined;
      return entry.carrier === "spdy" || entry.carrier === "websocket" ? entry.carrier : undefined;
    },
    remember: (carrier: Carrier) => {
      known.set(key, { carrier, at: system.now() });
      save();
    },
    forget: () => {
      if (known.delete(key)) save();
    },
  };
}
