import { hash } from "node:crypto";
import { join } from "node:path";
import { places } from "../base/places.ts";
import type { System } from "../base/system.ts";

export interface Gap {
  /** The last process at this origin did not end in order, so the port may have been somebody else's meanwhile. */
  readonly unclean: boolean;
  /** We end in order. */
  close(): Promise<void>;
}

/**
 * Marks an origin as served. Only one process can hold a port, so a mark that is there already was left by one
 * that died (security.md R-N1). Without a state directory no gap is known to be clean, and none is held unclean.
 */
export async function openGap(system: System, host: string, port: number): Promise<Gap> {
  const name = hash("sha256", `${host}:${port}`, "hex").slice(0, 16);
  const path = join(places(system).state, "origins", name);
  const unclean = (await system.files.facts(path).catch(() => undefined)) !== undefined;
  await system.files.write(path, "kauth-origin 1\n").catch(() => undefined);
  return {
    unclean,
    close: () => system.files.remove(path).catch(() => undefined),
  };
}
