import type { Millis } from "../../base/units.ts";

/** Takes one of what there is; false where nothing is left. */
export type Bucket = () => boolean;

/**
 * So many a second in the long run, and so many at once.
 * @param now a clock that never jumps
 */
export const tokenBucket = (
  now: () => Millis,
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
): Bucket => {
  let left = burst;
  let at = now();
  return () => {
    const time = now();
    left = Math.min(burst, left + ((time - at) / 1000) * perSecond);
    at = time;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
};
