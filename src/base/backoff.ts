import { millis, type Millis } from "./units.ts";

const FIRST = 100;
const MOST = 5_000;

/** Jittered waits of 0.1 → 5 s between tries (tunnel.md §7); starts over after a success. */
export interface Backoff {
  next(): Millis;
  reset(): void;
}

/** @param random 0 ≤ x < 1 */
export const backoff = (random: () => number): Backoff => {
  let tries = 0;
  return {
    next: () => {
      const whole = Math.min(MOST, FIRST * 2 ** Math.min(tries, 16));
      tries += 1;
      return millis(Math.round(whole * (0.75 + random() / 4)));
    },
    reset: () => {
      tries = 0;
    },
  };
};
