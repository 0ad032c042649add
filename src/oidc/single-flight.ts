import * as crypto from "node:crypto";
import type { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";
import { parseEntry, renderEntry, type Entry } from "./entry.ts";
import { flyTogether } from "../base/flight.ts";
import type { SingleFlight } from "./sign-in-types.ts";
import { triesOf } from "./tries.ts";

/** Of the leader's work beside the person: discovery, the exchange of a code, retries. */
const LEADERS_OWN = millis(60_000);
/** A refresh of another process is over before that, and nobody wants to read of it. */
const QUIET = millis(1_500);

/** What another process may not meet: it has other options, or a terminal. */
const OWN: ReadonlySet<string> = new Set(["OIDC_NOBODY_ASKED", "PORT_TAKEN", "LISTEN_FAILED", "USAGE"]);
const isOwn = ({ code }: KnownError): boolean => OWN.has(code);

export interface FlightWishes {
  /** Of the storage. Whoever keeps tokens elsewhere signs in for itself: what one gets the other does not keep. */
  readonly place: string | undefined;
  /** How long a person has to sign in. */
  readonly patience: Millis;
  /** What a person runs to sign in by hand. */
  readonly loginCommand: string;
}

/** One sign-in for all processes of this user that want the same entry, and a memory of those that came to nothing. */
export const singleFlight =
  ({ patience, loginCommand, place }: FlightWishes, system: System): SingleFlight =>
  async (key, lead, { signal, asked }) => {
    const tries = await triesOf(key, system);
    const done = new AbortController();
    const wait = async (pid: number): Promise<void> => {
      await system.sleep(QUIET, done.signal);
      system.log.say(`Waiting for process ${pid}, which is signing in. Ctrl-C ends the waiting`);
    };
    try {
      return await flyTogether<Entry>(
        {
          key: crypto
            .createHash("sha256")
            .update([key, place ?? ""].join("\0"))
            .digest("hex"),
          limit: millis(patience + LEADERS_OWN),
          signal,
          onWait: (pid) => void wait(pid).catch(() => undefined),
          isOwn,
          render: (entry) => renderEntry(key, entry),
          parse: (text) => parseEntry(key, text),
        },
        async ({ tookOver }) => {
          let began = false;
          const beforeAsking = async (): Promise<void> => {
            // What a person has asked for by hand says nothing of whether a plugin may ask them.
            if (began || asked) return;
            await tries.check({ tookOver, command: loginCommand });
            began = true;
            await tries.begin();
          };
          try {
            const entry = await lead({ signal, beforeAsking });
            // Also where another was killed just after it had succeeded.
            await tries.succeeded();
            return entry;
          } catch (error) {
            if (began) await tries.failed(error);
            throw error;
          }
        },
        system,
      );
    } finally {
      done.abort();
    }
  };
