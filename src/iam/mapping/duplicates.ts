import { keysOf, setKey } from "./subject.ts";
import type { MappingEntry } from "./table.ts";

/** By what entries are the same. */
export const entryKey = ({ subject, userId }: MappingEntry): string => {
  if (subject.kind === "sso") return setKey(subject.set);
  if (subject.kind === "role-like" || subject.kind === "user-like") return subject.pattern.toLowerCase();
  return keysOf(subject.arn)?.whole ?? `id ${userId ?? ""}`;
};

/** Entries that take another's place: of those for one subject only the last counts. */
export const duplicateEntries = (
  entries: readonly MappingEntry[],
): readonly { readonly before: MappingEntry; readonly after: MappingEntry }[] => {
  const seen = new Map<string, MappingEntry>();
  return entries.flatMap((after) => {
    const key = entryKey(after);
    const before = seen.get(key);
    seen.set(key, after);
    return before === undefined ? [] : [{ before, after }];
  });
};
