import { entryKey } from "./duplicates.ts";
import { subjectText } from "./subject.ts";
import type { MappingEntry, MappingTable } from "./table.ts";

export interface Shown {
  readonly username: string;
  readonly groups: readonly string[];
}

/** What another table changes for one subject. */
export interface MappingChange {
  readonly subject: string;
  /** Undefined: it was nobody. */
  readonly before: Shown | undefined;
  /** Undefined: it is nobody any more. */
  readonly after: Shown | undefined;
}

export interface MappingDiff {
  readonly changes: readonly MappingChange[];
  /** Somebody had `system:masters`, and nobody has it any more. */
  readonly losesAdmins: boolean;
}

const ADMINS = "system:masters";

/** By whom entries are for, not by where they stand. */
export const diffMappings = (before: MappingTable, after: MappingTable): MappingDiff => {
  const old = effective(before);
  const now = effective(after);
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  const changes = keys.flatMap((key) => {
    const was = old.get(key);
    const is = now.get(key);
    if (was !== undefined && is !== undefined && same(was.shown, is.shown)) return [];
    return [{ subject: was?.subject ?? is?.subject ?? "", before: was?.shown, after: is?.shown }];
  });
  return { changes, losesAdmins: hasAdmins(before) && !hasAdmins(after) };
};

interface Known {
  readonly subject: string;
  readonly shown: Shown;
}

const effective = ({ entries, accounts }: MappingTable): ReadonlyMap<string, Known> =>
  new Map([
    ...entries.map((entry) => [entryKey(entry), knownOf(entry)] as const),
    ...accounts.map(
      (account) =>
        [
          `account ${account}`,
          { subject: `everybody of account ${account}`, shown: { username: "their ARN", groups: [] } },
        ] as const,
    ),
  ]);

const knownOf = ({ subject, username, groups, userId }: MappingEntry): Known => ({
  subject: `${subjectText(subject)}${userId === undefined ? "" : ` (${userId})`}`,
  shown: { username, groups },
});

const same = (a: Shown, b: Shown): boolean =>
  a.username === b.username && JSON.stringify(a.groups.toSorted()) === JSON.stringify(b.groups.toSorted());

const hasAdmins = ({ entries }: MappingTable): boolean =>
  entries.some(({ groups }) => groups.includes(ADMINS));
