import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import { readMappingDocument, type MappingDocument } from "../../iam/index.ts";

const LIMIT = MiB(16);

/** A file of mappings, or standard input where it is `-`. @throws {KnownError} IAM_MAPPING, FILE_TOO_LARGE */
export async function mappingSource(path: string, system: System): Promise<MappingDocument> {
  let text: string;
  try {
    text =
      path === "-"
        ? (await (await import("../open/ask.ts")).readInput(LIMIT)).toString("utf8")
        : (await system.files.read(path, LIMIT)).toString("utf8");
  } catch (error) {
    if (error instanceof KnownError) throw error;
    throw new KnownError("IAM_MAPPING", `Cannot read ${JSON.stringify(path)}: ${messageOf(error)}`, {
      cause: error,
      hint: "Check the path; - is standard input.",
    });
  }
  return await readMappingDocument(text, path === "-" ? "standard input" : path);
}
