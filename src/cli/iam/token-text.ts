import { KiB } from "../../base/units.ts";

/** Far above what a token may have, so that one that is too long is told as that. */
const LIMIT = KiB(64);

/** A token of the command line, or of standard input where it is `-`: there the line break behind it is no part of it. */
export const tokenText = async (given: string): Promise<string> =>
  given === "-"
    ? (await (await import("../open/ask.ts")).readInput(LIMIT)).toString("utf8").replace(/\r?\n$/, "")
    : given;
