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

const shape = object({
  version: integer,
  carriers: dictionary(object({ carrier: string, at: integer })),
});

/** `<state>/carriers.json`: which carrier worked, by a hash of server and proxy. Losing it costs 300 ms once. */
export async function carrierMemory(system: System, server: string): Promise<CarrierMemory> {
  const path = join(places(system).state, "carriers.json");
  const key = createHash("sha256").update(server).digest("hex").slice(0, 32);
  const known = new Map<string, { carrier: string; at: number }>();
  try {
    const content = decode(shape, parseJson((await system.files.read(path, FILE_LIMIT)).toString("utf8")), {
      what: path,
      code: "STATE_INVALID",
    });
    if (content.version === VERSION)
      for (const [name, entry] of content.carriers) known.set(name, { carrier: entry.carrier, at: entry.at });
  } catch {
    // Absent or damaged: both mean that nothing is remembered.
  }
  const save = (): void => {
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
