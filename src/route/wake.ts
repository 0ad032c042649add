import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";

const TICK = millis(1_000);
/** Longer than any turn of a busy program. */
const SLEPT = 10_000;

/** Calls back once when the machine has slept, until the signal aborts or the returned function is called. */
export function onWake(system: System, signal: AbortSignal, then: () => void): () => void {
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const run = async (): Promise<void> => {
    let wall = system.now() as number;
    let monotonic = system.monotonic() as number;
    while (!over.aborted) {
      await system.sleep(TICK, over);
      const gap = Math.max(system.now() - wall, system.monotonic() - monotonic);
      wall = system.now();
      monotonic = system.monotonic();
      if (gap < SLEPT) continue;
      then();
      return;
    }
  };
  void run().catch((): void => undefined);
  return () => stop.abort();
}
