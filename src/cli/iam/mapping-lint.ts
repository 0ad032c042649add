import { KnownError } from "../../base/errors.ts";
import { counted } from "../../base/spoken.ts";
import { lintMapping, type LintFinding } from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { cleanLine, jsonText } from "../output.ts";
import { wantsJson } from "../output-option.ts";
import { mappingSource } from "./mapping-source.ts";

/** Of the list `files` of `-o json`. */
export interface LintedFile {
  readonly file: string;
  readonly format: string;
  readonly entries: number;
  readonly accounts: number;
  readonly findings: readonly LintFinding[];
}

/** `kauth iam mapping lint` */
export async function runMappingLint({ system, options, positionals }: Invocation): Promise<number> {
  if (positionals.length === 0) throw new KnownError("USAGE", "Cannot look for mistakes: name a file, or -");
  const files = await Promise.all(
    positionals.map(async (file): Promise<LintedFile> => {
      const document = await mappingSource(file, system);
      const { entries, accounts } = document.read.table;
      return {
        file,
        format: document.format,
        entries: entries.length,
        accounts: accounts.length,
        findings: lintMapping(document),
      };
    }),
  );
  const findings = files.flatMap((each) => each.findings);
  if (wantsJson(options)) system.log.out(jsonText({ files }, 2));
  else
    for (const { file, format, entries, accounts, findings: found } of files) {
      for (const { level, text } of found) system.log.out(cleanLine(`${file}: ${level}: ${text}`));
      system.log.out(
        cleanLine(
          `${file}: ${format}, ${counted(entries, "entry", "entries")} and ${counted(accounts, "account")} count, ${counted(found.length, "finding")}`,
        ),
      );
    }
  const bad = findings.some(({ level }) => level === "fault" || options.boolean("strict"));
  return bad ? 1 : 0;
}
