import { millis, type Millis } from "../../base/units.ts";

/** How long a request is held for what is not there yet. */
export interface HoldLimits {
  /** A person is told soon what is waited for. */
  readonly navigation: Millis;
  readonly read: Millis;
  /** One that is made long after it was asked for surprises (security.md R-N5). */
  readonly change: Millis;
}

/** Wherever a request waits (security.md F5, R-N5). */
export const HOLD: HoldLimits = {
  navigation: millis(1_000),
  read: millis(120_000),
  change: millis(5_000),
};
