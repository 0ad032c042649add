import { DecodeError, fallback, object, unknown } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { readSections } from "./entry.ts";
import type { MappingTable } from "./table.ts";
import { folded, readJson, word } from "./text.ts";

export interface DynamicFile {
  readonly table: MappingTable;
  readonly warnings: readonly string[];
  /** When whoever writes the file changed it last; undefined where it does not say. */
  readonly updated: EpochMillis | undefined;
}

const shape = object({
  maproles: unknown,
  mapusers: unknown,
  mapaccounts: unknown,
  lastupdateddatetime: fallback(word, ""),
});

/**
 * The JSON of `server.dynamicfilepath`. One bad entry refuses all of it: it is written by a program, and half of what
 * it wanted is nobody's wish. Nothing of it is quoted but what is wrong.
 * @throws {KnownError} IAM_MAPPING
 */
export const readDynamicFile = (
  text: string,
  options: { readonly path: string; readonly strictUserId: boolean },
): DynamicFile => {
  const what = `"${options.path}"`;
  const wrong = (reason: string): KnownError =>
    new KnownError("IAM_MAPPING", `Cannot use ${what}: ${reason}`);
  let read: ReturnType<typeof shape>;
  try {
    read = shape(folded(readJson(text, what)), "");
  } catch (error) {
    if (error instanceof DecodeError) throw wrong(error.message);
    throw error;
  }
  const sections = { roles: read.maproles, users: read.mapusers, accounts: read.mapaccounts };
  const { table, faults, warnings } = readSections(sections, options);
  if (faults.length > 0) throw wrong(faults.join("; "));
  return { table, warnings, updated: unixTime(read.lastupdateddatetime) };
};

/** Seconds since 1970 in a text, as the reference has it. */
export const unixTime = (text: string): EpochMillis | undefined =>
  /^\d{1,11}$/.test(text) ? epochMillis(Number(text) * 1000) : undefined;
