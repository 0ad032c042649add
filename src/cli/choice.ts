import { KnownError } from "../base/errors.ts";

/** One of a few words. @throws {KnownError} USAGE */
export const choiceOf = <T extends string>(
  name: string,
  text: string | undefined,
  words: readonly T[],
  otherwise: T,
): T => {
  if (text === undefined) return otherwise;
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new KnownError("USAGE", `Cannot use --${name} "${text}": it must be one of ${words.join(", ")}`);
};
