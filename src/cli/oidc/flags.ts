import { KnownError } from "../../base/errors.ts";
import { millis, type Millis } from "../../base/units.ts";
import type { ParsedOptions } from "../command.ts";

/** Empty counts as not given. */
export const given = (text: string | undefined): string | undefined =>
  text === undefined || text === "" ? undefined : text;

export const usage = (message: string, hint?: string): KnownError =>
  new KnownError("USAGE", message, hint === undefined ? {} : { hint });

/** As pflag says it. */
export const flag = <T>(options: ParsedOptions, name: string, read: (values: readonly string[]) => T): T => {
  const values = options.list(name);
  try {
    return read(values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usage(
      `invalid argument ${JSON.stringify(values.at(-1) ?? "")} for "--${name}" flag: ${error.message}`,
    );
  }
};

/** Whole seconds. */
export const secondsOf = (options: ParsedOptions, name: string): Millis | undefined => {
  const text = given(options.string(name));
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text))
    throw usage(
      `invalid argument ${JSON.stringify(text)} for "--${name}" flag: it must be a number of seconds`,
    );
  return millis(Number(text) * 1000);
};
