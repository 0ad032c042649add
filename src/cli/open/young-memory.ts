import * as v8 from "node:v8";
import type { System } from "../../base/system.ts";
import { MiB, millis } from "../../base/units.ts";

const LOOK = millis(1_000);
/** Of both halves. With less, what hundreds of requests hold at once grows old before it is dead, at twice the time. */
const ENOUGH = MiB(16);

/**
 * Keeps V8's young generation from growing to the 100 MiB that it reaches after some minutes of steady load and never
 * gives back: what a proxy makes is dead as soon as its request is answered. Runtimes other than Node know no such
 * setting.
 */
export async function boundYoungMemory(system: System, signal: AbortSignal): Promise<void> {
  if (!system.runtime.startsWith("Node")) return;
  while (!signal.aborted) {
    const young = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if (young === undefined || young.space_size >= ENOUGH) {
      v8.setFlagsFromString("--semi-space-growth-factor=1");
      return;
    }
    await system.sleep(LOOK, signal).catch((): void => undefined);
  }
}
