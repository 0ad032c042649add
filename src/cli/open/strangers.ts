import type { System } from "../../base/system.ts";
import { millis, type Millis } from "../../base/units.ts";

/** Whoever knocks without end must not fill the terminal. */
const QUIET = millis(10_000);
/** Users that are kept apart; of more the oldest is forgotten. */
const USERS = 32;

/** Warns of connections of other users (security.md R-C4): at once, then once in 10 s for each user, with their number. */
export function strangerWarnings(system: System): (uid: number) => void {
  const seen = new Map<number, { at: Millis; more: number }>();
  return (uid) => {
    const now = system.monotonic();
    const last = seen.get(uid);
    if (last !== undefined && now - last.at < QUIET) {
      last.more += 1;
      return;
    }
    const more =
      last === undefined || last.more === 0 ? "" : `, and ${last.more} more since the last such line`;
    system.log.warn(`A connection of another user (uid ${uid}) was reset${more}`);
    seen.delete(uid);
    seen.set(uid, { at: now, more: 0 });
    for (const oldest of seen.keys()) {
      if (seen.size <= USERS) break;
      seen.delete(oldest);
    }
  };
}
