import { shown } from "../verify/quote.ts";
import type { MappingDocument } from "./documents.ts";
import { duplicateEntries } from "./duplicates.ts";
import { reservedFault } from "./reserved.ts";
import { subjectText } from "./subject.ts";
import type { MappingEntry } from "./table.ts";

export interface LintFinding {
  /** `fault`: it counts for nothing, or refuses the whole file. `warning`: it counts, and is perhaps not what is meant. */
  readonly level: "fault" | "warning";
  readonly text: string;
}

/** Everything that is wrong or odd in mappings, faults first. */
export const lintMapping = (document: MappingDocument): readonly LintFinding[] => {
  const { table, faults, warnings } = document.read;
  const told = [
    ...warnings,
    ...duplicateEntries(table.entries).map(({ before, after }) => duplicateText(before, after)),
    ...table.entries.flatMap((entry) =>
      [
        literalStar(entry),
        ...groupsOdd(entry),
        ...placesOdd(entry),
        reservedName(entry, document),
        oneName(entry),
      ]
        .filter((each) => each !== undefined)
        .map((each) => `${entry.origin}: ${each}`),
    ),
  ];
  return [
    ...faults.map((text) => ({ level: "fault", text }) as const),
    ...told.map((text) => ({ level: "warning", text }) as const),
  ];
};

const duplicateText = (before: MappingEntry, after: MappingEntry): string =>
  `${after.origin} takes the place of ${before.origin}: both are for ${shown(subjectText(after.subject))}`;

const literalStar = ({ subject }: MappingEntry): string | undefined =>
  (subject.kind === "role" || subject.kind === "user") && /[*?]/.test(subject.arn)
    ? `nobody is "${shown(subject.arn)}": a pattern is written as ${subject.kind}arnLike`
    : undefined;

const groupsOdd = ({ groups }: MappingEntry): readonly string[] =>
  groups
    .filter((group) => /\s/.test(group))
    .map((group) => `"${shown(group)}" is one group, with a blank in it: an item too far to the right?`);

const PLACES: ReadonlySet<string> = new Set([
  "EC2PrivateDNSName",
  "AccountID",
  "SessionName",
  "SessionNameRaw",
  "AccessKeyID",
]);

const placesOdd = ({ username, groups }: MappingEntry): readonly string[] =>
  [username, ...groups]
    .flatMap((text) => [...text.matchAll(/\{\{\s*(.*?)\s*\}\}/g)])
    .filter(([place, name = ""]) => !PLACES.has(name) || place !== `{{${name}}}`)
    .map(([place]) => `${shown(place)} is no place holder, and stays as it is written`);

const reservedName = (
  { username }: MappingEntry,
  { backend, reserved }: MappingDocument,
): string | undefined => {
  if (backend === undefined) return undefined;
  const at = username.indexOf("{{");
  const written = at < 0 ? username : username.slice(0, at);
  return reservedFault({ username: written, template: username }, backend, reserved) === undefined
    ? undefined
    : `nobody gets in as "${shown(username)}": the name begins with a reserved prefix, see server.reservedPrefixConfig`;
};

const oneName = ({ subject, username }: MappingEntry): string | undefined =>
  (subject.kind === "role-like" || subject.kind === "user-like") && !username.includes("{{")
    ? `everybody that the pattern fits is "${shown(username)}": an audit log cannot tell them apart`
    : undefined;
