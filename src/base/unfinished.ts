import type { System } from "./system.ts";
import { millis } from "./units.ts";

/** An identity provider answers within seconds; a person who does not want to wait sends a second signal. */
const PATIENCE = millis(10_000);

const unfinished = (system: System): Set<Promise<unknown>> =>
  system.shared("unfinished work", () => new Set<Promise<unknown>>());

/** Work that would lose something if the process ended now, such as a refresh token that is good once. */
export const mustFinish = (work: Promise<unknown>, system: System): void => {
  const all = unfinished(system);
  const done: Promise<unknown> = work.catch(() => undefined).finally(() => all.delete(done));
  all.add(done);
};

/** Waits for it before the process ends, but not for ever. */
export const finishAll = async (system: System): Promise<void> => {
  const all = unfinished(system);
  if (all.size === 0) return;
  const enough = new AbortController();
  const time = system.sleep(PATIENCE, enough.signal).catch(() => undefined);
  await Promise.race([Promise.all(all), time]);
  enough.abort();
};
