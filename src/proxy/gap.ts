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
  const path = markPath(system, host, port);
  const unclean = await isMarked(system, host, port);
  await system.files.write(path, "kauth-origin 1\n").catch(() => undefined);
  return {
    unclean,
    close: () => system.files.remove(path).catch(() => undefined),
  };
}

/** Whether an origin is being served, or was when its process died. */
export const isMarked = async (system: System, host: string, port: number): Promise<boolean> =>
  (await system.files.facts(markPath(system, host, port)).catch(() => undefined)) !== undefined;

const markPath = (system: System, host: string, port: number): string =>
  join(places(system).state, "origins", hash("sha256", `${host}:${port}`, "hex").slice(0, 16));
