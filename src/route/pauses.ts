import { backoff } from "../base/backoff.ts";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";

/** Between two tries while somebody waits, at most. */
const HURRY = millis(1_500);
/** From a try to the next one after an event, at most. */
const AFTER_EVENT = millis(500);

export interface PausesOptions {
  readonly system: System;
  readonly random: () => number;
  /** The end of it all: pauses fail then. */
  readonly signal: AbortSignal;
  /** Whether somebody waits for what no event will tell. */
  readonly isUrgent: () => boolean;
}

/** The pauses between tries, one for all who wait: a hundred requests ask the API server no more often than one. */
export interface Pauses {
  /** Until the next try may be made. @throws the signal's reason */
  pause(): Promise<void>;
  /** The pause that is under way. */
  readonly current: Promise<void> | undefined;
  /** A try begins. What was heard before it is in its answer, and what is heard from here on may not be. */
  begin(): void;
  /** Something got ready: shortens the pause that is under way or, during a try, the one after it. */
  heard(): void;
  /** `isUrgent` may have another answer now. */
  hurry(): void;
  /** A way was found, or the machine slept: the next pause is a short one. */
  reset(): void;
}

export function pauses({ system, random, signal, isUrgent }: PausesOptions): Pauses {
  const waits = backoff(random);
  let current: Promise<void> | undefined;
  let news = false;
  let change = new AbortController();

  const shortened = (whole: Millis): number => {
    // Many events may come, of a pod that flaps: each of them shortens a pause, and none leaves it out.
    if (news) return Math.min(whole, AFTER_EVENT);
    return isUrgent() ? Math.min(whole, HURRY) : whole;
  };

  const rest = async (): Promise<void> => {
    const began = system.monotonic();
    const whole = waits.next();
    for (;;) {
      const left = Math.ceil(began + shortened(whole) - system.monotonic());
      if (left <= 0) return;
      change = new AbortController();
      const changed = change.signal;
      await system.sleep(millis(left), AbortSignal.any([changed, signal])).catch((error: unknown) => {
        if (signal.aborted || !changed.aborted) throw error;
      });
    }
  };

  return {
    pause: async () => {
      current ??= rest().finally(() => (current = undefined));
      await current;
    },
    get current() {
      return current;
    },
    begin: () => {
      news = false;
    },
    heard: () => {
      news = true;
      change.abort();
    },
    hurry: () => change.abort(),
    reset: () => waits.reset(),
  };
}
