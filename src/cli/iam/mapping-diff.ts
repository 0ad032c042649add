import { KnownError } from "../../base/errors.ts";
import { diffMappings, type MappingChange } from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { cleanLine, jsonText } from "../output.ts";
import { wantsJson } from "../output-option.ts";
import { mappingSource } from "./mapping-source.ts";

/** `kauth iam mapping diff` */
export async function runMappingDiff({ system, options, positionals }: Invocation): Promise<number> {
  const [before, after, ...more] = positionals;
  if (before === undefined || after === undefined || more.length > 0)
    throw new KnownError("USAGE", "Cannot compare mappings: name two files");
  const [old, now] = await Promise.all([mappingSource(before, system), mappingSource(after, system)]);
  const diff = diffMappings(old.read.table, now.read.table);
  for (const [path, { read }] of [[before, old] as const, [after, now] as const])
    for (const fault of read.faults) system.log.warn(cleanLine(`${path}: left out: ${fault}`));
  if (wantsJson(options)) system.log.out(jsonText(diff, 2));
  else for (const line of diff.changes.flatMap(linesOf)) system.log.out(line);
  if (diff.losesAdmins) system.log.warn("nobody would have the group system:masters any more");
  return diff.changes.length === 0 ? 0 : 1;
}

const linesOf = ({ subject, before, after }: MappingChange): readonly string[] => {
  const text = ({ username, groups }: NonNullable<MappingChange["before"]>): string =>
    `${subject}: ${username}${groups.length === 0 ? "" : ` [${groups.join(", ")}]`}`;
  return [
    ...(before === undefined ? [] : [cleanLine(`- ${text(before)}`)]),
    ...(after === undefined ? [] : [cleanLine(`+ ${text(after)}`)]),
  ];
};
