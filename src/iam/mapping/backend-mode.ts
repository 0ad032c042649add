import { DecodeError, fallback, object } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import type { EpochMillis } from "../../base/units.ts";
import { unixTime } from "./dynamic-file.ts";
import { folded, readJson, word } from "./text.ts";

const shape = object({ backendmode: word, lastupdateddatetime: fallback(word, "") });

/**
 * The JSON of `server.dynamicBackendModePath`: `{"backendMode": "MountedFile DynamicFile", …}`. Whether there are such
 * modes is not looked at here.
 * @throws {KnownError} IAM_MAPPING
 */
export const readBackendMode = (
  text: string,
  path: string,
): { readonly modes: readonly string[]; readonly updated: EpochMillis | undefined } => {
  const what = `"${path}"`;
  try {
    const read = shape(folded(readJson(text, what)), "");
    return {
      modes: read.backendmode.split(/\s+/).filter((each) => each !== ""),
      updated: unixTime(read.lastupdateddatetime),
    };
  } catch (error) {
    if (error instanceof DecodeError)
      throw new KnownError("IAM_MAPPING", `Cannot use ${what}: ${error.message}`);
    throw error;
  }
};
