import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";
import { isPassing } from "./passing.ts";

const TRIES = 3;
const PAUSE = millis(300);
/** After that a person wants to know what is waited for. */
const SLOW = millis(3_000);

type Clocks = Pick<System, "sleep" | "log">;

/** Says what is waited for where that takes long. */
export async function sayWhenSlow<T>(system: Clocks, what: string, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  void system.sleep(SLOW, done.signal).then(
    () => {
      if (!done.signal.aborted) system.log.say(`Waiting for ${what}`);
    },
    () => undefined,
  );
  try {
    return await work();
  } finally {
    done.abort();
  }
}

/** Again, where the failure judged nothing. `enough` ends it sooner. */
export async function persistently<T>(
  work: () => Promise<T>,
  how: { readonly system: Clocks; readonly signal: AbortSignal; readonly enough?: () => boolean },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || attempt === TRIES || how.enough?.() === true) throw error;
      how.system.log.verbose(1, `${error instanceof Error ? error.message : ""}; trying again`);
      await how.system.sleep(millis(PAUSE * 2 ** (attempt - 1)), how.signal);
    }
  }
}

/** Work that a person has to do something for. @throws {KnownError} OIDC_LOGIN_TIMEOUT; the signal's reason */
export async function withinPatience<T>(
  time: Millis,
  around: { readonly system: Clocks; readonly signal: AbortSignal; readonly loginCommand: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const { signal } = around;
  const aborted = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) aborted();
  void around.system.sleep(time, stop.signal).then(
    () =>
      stop.abort(
        new KnownError(
          "OIDC_LOGIN_TIMEOUT",
          `Cannot sign in: nobody has within ${Math.round(time / 1000)} s`,
          {
            hint: `Run ${around.loginCommand}, and sign in. Where the browser shows an error, kauth oidc doctor says why.`,
          },
        ),
      ),
    () => undefined,
  );
  try {
    return await work(stop.signal);
  } finally {
    signal.removeEventListener("abort", aborted);
    stop.abort();
  }
}
