import type { Millis } from "../../base/units.ts";

/** A table with an end: of size, so that nobody fills the memory, and of time. */
export interface Expiring<T> {
  get(key: string): T | undefined;
  set(key: string, value: T, life: Millis): void;
  readonly size: number;
}

/**
 * @param now a clock that never jumps
 * @param most entries; past it the oldest goes
 */
export const expiring = <T>(now: () => Millis, most: number): Expiring<T> => {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    get size() {
      return entries.size;
    },
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (now() < entry.until) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set: (key, value, life) => {
      if (life <= 0) return;
      entries.delete(key);
      for (const oldest of entries.keys()) {
        if (entries.size < most) break;
        entries.delete(oldest);
      }
      entries.set(key, { value, until: now() + life });
    },
  };
};
