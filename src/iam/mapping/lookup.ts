import type { IamIdentity } from "../verify/identity.ts";
import { matchesWildcard } from "../wildcard.ts";
import { keysOf, setKey, setKeyOf } from "./subject.ts";
import type { MappingEntry, MappingTable } from "./table.ts";

/** What of an identity decides who it is mapped to. */
export type Who = Pick<IamIdentity, "canonicalArn" | "account" | "userId">;

/** `mismatch`: the id is an entry's, and its ARN is another's. Nobody else may answer for that identity then. */
export type Found =
  | { readonly kind: "entry"; readonly entry: MappingEntry }
  | { readonly kind: "mismatch"; readonly entry: MappingEntry };

/** A table that is quick to ask, whatever its size. */
export interface Lookup {
  readonly table: MappingTable;
  find(who: Who): Found | undefined;
  allows(account: string): boolean;
}

/**
 * Every source compares alike (the reference's defects D2, D9, D10), and what counts is no matter of chance (D8, D19):
 *
 * 1. an ARN as it is written; of the same one twice the last, as in the reference;
 * 2. the ARN of a role with a path, by its name: STS does not tell paths, and names are unique in an account;
 * 3. a permission set;
 * 4. a pattern, the first in the order of writing.
 */
export const lookupOf = (table: MappingTable, options: { readonly strictUserId?: boolean } = {}): Lookup => {
  const accounts = new Set(table.accounts);
  const allows = (account: string): boolean => accounts.has(account);
  const find = options.strictUserId === true ? byUserId(table.entries) : byArn(table.entries);
  return { table, find, allows };
};

/** Answers, of some hundred bytes each. */
const REMEMBERED = 1_000;

const byArn = (entries: readonly MappingEntry[]): Lookup["find"] => {
  const whole = new Map<string, MappingEntry>();
  const bare = new Map<string, MappingEntry>();
  const sets = new Map<string, MappingEntry>();
  const patterns: { readonly pattern: string; readonly entry: MappingEntry }[] = [];
  for (const entry of entries) {
    const { subject } = entry;
    if (subject.kind === "sso") sets.set(setKey(subject.set), entry);
    else if (subject.kind === "role-like" || subject.kind === "user-like")
      patterns.push({ pattern: subject.pattern.toLowerCase(), entry });
    else {
      const keys = keysOf(subject.arn);
      if (keys === undefined) continue;
      whole.set(keys.whole, entry);
      bare.set(keys.bare, entry);
    }
  }
  const find = (canonicalArn: string): Found | undefined => {
    const keys = keysOf(canonicalArn);
    if (keys === undefined) return undefined;
    const entry =
      whole.get(keys.whole) ??
      bare.get(keys.bare) ??
      sets.get(setKeyOf(keys.bare) ?? "") ??
      patterns.find(({ pattern }) => matchesWildcard(keys.bare, pattern, "one"))?.entry;
    return entry === undefined ? undefined : { kind: "entry", entry };
  };
  // The same few people ask again and again, and this table never changes.
  const found = new Map<string, Found | undefined>();
  return ({ canonicalArn }) => {
    if (!found.has(canonicalArn)) {
      if (found.size >= REMEMBERED) found.clear();
      found.set(canonicalArn, find(canonicalArn));
    }
    return found.get(canonicalArn);
  };
};

/** DynamicFile with `dynamicfileUserIDStrict`: an id is of one role or user for ever, and its ARN may be reused. */
const byUserId = (entries: readonly MappingEntry[]): Lookup["find"] => {
  const ids = new Map<string, MappingEntry>();
  for (const entry of entries)
    if (entry.userId !== undefined && entry.userId !== "") ids.set(entry.userId, entry);
  return ({ canonicalArn, userId }) => {
    const entry = ids.get(userId);
    if (entry === undefined) return undefined;
    const { subject } = entry;
    const arn = subject.kind === "role" || subject.kind === "user" ? subject.arn : "";
    if (arn === "") return { kind: "entry", entry };
    const wanted = keysOf(arn);
    const given = keysOf(canonicalArn);
    const same = wanted !== undefined && wanted.bare === given?.bare;
    return { kind: same ? "entry" : "mismatch", entry };
  };
};
