import type { System } from "../base/system.ts";
import type { Millis } from "../base/units.ts";

/** Calls back after a time, on the System's clock, unless the returned function is called first. */
export function startTimer(system: Pick<System, "sleep">, time: Millis, then: () => void): () => void {
  const stopped = new AbortController();
  system.sleep(time, stopped.signal).then(then, () => undefined);
  return () => stopped.abort();
}
