import type { Millis } from "../../base/units.ts";
import { isRefusal, replayAfter } from "./replay.ts";
import { restUntilOther } from "./rest.ts";
import type { Wire } from "./wire.ts";

/**
 * Milliseconds between two tries where nobody has listened for a while. Kubernetes may see so late that a container has
 * ended, and a read that is refused is asked for again, but a watch is not.
 */
const UNHEARD = 2_000;

/**
 * Opens a stream of events for its browser, and again where it broke before its answer: nothing has been said by then,
 * and a page whose watch is refused may never ask again (security.md R-N3, ui-traffic U11).
 * @param open gets how long it may wait for a stream
 * @throws what the last try threw
 */
export async function opening<T>(
  wire: Wire,
  signal: AbortSignal,
  open: (limit: Millis) => Promise<T>,
): Promise<T> {
  const { system, limits } = wire;
  const startedAt = system.monotonic();
  let refusals = 0;
  for (let tries = 1; ; tries += 1) {
    const left = Math.max(0, limits.dial - (system.monotonic() - startedAt)) as Millis;
    try {
      return await open(left);
    } catch (error) {
      if (isRefusal(error)) refusals += 1;
      const elapsed = system.monotonic() - startedAt;
      const again = replayAfter({ error, used: false, tries, refusals, elapsed, limit: limits.dial });
      const pause = again ?? (isRefusal(error) && elapsed < limits.dial ? UNHEARD : undefined);
      if (pause === undefined || signal.aborted) throw error;
      if (pause > 0 && (await restUntilOther(wire, pause, signal))) refusals = 0;
    }
  }
}
