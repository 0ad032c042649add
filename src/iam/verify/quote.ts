import { escapeLine } from "../../base/terminal.ts";

/** Longer than any name that is right; a caller who is not known yet writes no more into a log. */
const LENGTH_MAX = 100;

/** What somebody sent, within a message: bounded, on one line, no control character as it is. */
export const shown = (text: string): string =>
  escapeLine(text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text);

/** The same between quotes, as Go's `%q` has it. */
export const quote = (text: string): string => `"${shown(text.replace(/["\\]/g, "\\$&"))}"`;
