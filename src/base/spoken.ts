import type { Millis } from "./units.ts";

/** `40 s`, `3 min`, `5 h`: never less than it is. */
export const spoken = (time: Millis): string => {
  const seconds = Math.ceil(time / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
};

/** `1 account`, `2 accounts`. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;
