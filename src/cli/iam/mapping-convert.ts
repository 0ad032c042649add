import { KnownError } from "../../base/errors.ts";
import { MAPPING_FORMATS, writeMapping } from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { cleanLine, jsonText, yamlDocuments } from "../output.ts";
import { mappingSource } from "./mapping-source.ts";

/** `kauth iam mapping convert` */
export async function runMappingConvert({ system, options, positionals }: Invocation): Promise<number> {
  const [path, ...more] = positionals;
  const form = MAPPING_FORMATS.find((each) => each === options.string("to"));
  if (path === undefined || more.length > 0 || form === undefined)
    throw new KnownError(
      "USAGE",
      `Cannot convert mappings: name one file, and with --to one of ${MAPPING_FORMATS.join(", ")}`,
    );
  const { read } = await mappingSource(path, system);
  const {
    documents,
    form: kind,
    losses,
  } = await writeMapping(read.table, form, options.string("cluster-name") ?? "CLUSTER");
  const lost = [...read.faults, ...losses];
  for (const each of lost) system.log.warn(cleanLine(`left out: ${each}`));
  for (const each of read.warnings) system.log.say(cleanLine(each));
  if (lost.length > 0 && !options.boolean("lossy"))
    throw new KnownError(
      "IAM_MAPPING_LOSS",
      `Cannot write all of "${path}" as ${form}: ${lost.length} would be left out`,
    );
  system.log.out(
    kind === "json" ? documents.map((each) => jsonText(each, 2)).join("\n") : await yamlDocuments(documents),
  );
  return lost.length === 0 ? 0 : 1;
}
