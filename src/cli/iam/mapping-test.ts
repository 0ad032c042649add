import { KnownError } from "../../base/errors.ts";
import type { Invocation } from "../command.ts";
import { jsonText } from "../output.ts";
import { wantsJson } from "../output-option.ts";
import { identityOf, mappedLines, ofArn } from "./mapped.ts";
import { mappingSource } from "./mapping-source.ts";

/** `kauth iam mapping test` */
export async function runMappingTest({ system, options, positionals }: Invocation): Promise<number> {
  const arn = options.string("arn") ?? "";
  if (arn === "" || positionals.length === 0)
    throw new KnownError("USAGE", "Cannot test mappings: name a file, or -, and an --arn");
  const documents = await Promise.all(positionals.map(async (path) => await mappingSource(path, system)));
  const verdict = await ofArn(documents, identityOf(arn, options.string("user-id") ?? ""), positionals);
  if (wantsJson(options)) system.log.out(jsonText(verdict, 2));
  else for (const line of mappedLines(verdict)) system.log.out(line);
  return verdict.user === undefined ? 1 : 0;
}
