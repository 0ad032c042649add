import { parseArn, type Arn } from "../arn.ts";
import { matchesWildcard } from "../wildcard.ts";
import type { Who } from "./lookup.ts";
import { keysOf, setKeyOf, subjectFault, subjectText } from "./subject.ts";
import type { MappingEntry, MappingTable } from "./table.ts";

/** An entry that is not somebody's, and why it could have been meant to be. */
export interface NearMiss {
  readonly entry: MappingEntry;
  /** One line. */
  readonly reason: string;
}

/** Letters that a slip of the fingers changes. */
const SLIPS = 2;
const MOST = 10;

/** The entries that nearly match, those that are most alike first; at most ten. */
export const nearMisses = (table: MappingTable, who: Who): readonly NearMiss[] => {
  const given = keysOf(who.canonicalArn)?.bare;
  const identity = given === undefined ? "" : parseArn(given);
  if (given === undefined || typeof identity === "string") return [];
  return table.entries
    .flatMap((entry) => {
      const found = reasonOf(entry, identity, given, who);
      return found === undefined ? [] : [{ entry, ...found }];
    })
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ entry, reason }) => ({ entry, reason }));
};

interface Ranked {
  readonly reason: string;
  readonly rank: number;
}

const reasonOf = (entry: MappingEntry, who: Arn, key: string, { userId }: Who): Ranked | undefined => {
  const { subject } = entry;
  const text = subjectText(subject);
  const fault = subjectFault(subject);
  if (fault !== undefined) return { rank: 5, reason: `it is nobody's: ${fault}` };
  if (entry.userId !== undefined && entry.userId !== userId && keysOf(text)?.bare === key)
    return { rank: 0, reason: `the ARN is the same, but its userid is ${entry.userId} and not ${userId}` };
  if (subject.kind === "sso") return setReason(entry, who, key);
  const written = parseArn(keysOf(text)?.bare ?? text.toLowerCase());
  if (typeof written === "string") return undefined;
  if (/[*?]/.test(text)) return patternReason(entry, who, written);
  if (
    written.partition !== who.partition &&
    written.account === who.account &&
    written.resource === who.resource
  )
    return { rank: 1, reason: `it is of partition ${written.partition}, and not of ${who.partition}` };
  if (written.account !== who.account)
    return written.resource === who.resource
      ? { rank: 1, reason: `it is of account ${written.account || "(none)"}, and not of ${who.account}` }
      : undefined;
  const [kind, name] = partsOf(written.resource);
  const [givenKind, givenName] = partsOf(who.resource);
  if (kind !== givenKind)
    return last(name) === last(givenName)
      ? { rank: 2, reason: `it is a ${kind} of that name, and not a ${givenKind}` }
      : undefined;
  if (name !== givenName && last(name) === last(givenName))
    return { rank: 1, reason: `it has another path: the paths of users count, those of roles do not` };
  const set = setKeyOf(key);
  if (set !== undefined && setKeyOf(keysOf(text)?.bare ?? "") === set)
    return {
      rank: 1,
      reason:
        "it is an older role of the same permission set: write sso: in place of rolearn, which stays right",
    };
  return distanceAtMost(name, givenName, SLIPS)
    ? { rank: 3, reason: `its name is "${last(name)}", and not "${last(givenName)}"` }
    : undefined;
};

const setReason = ({ subject }: MappingEntry, who: Arn, key: string): Ranked | undefined => {
  if (subject.kind !== "sso") return undefined;
  const { permissionSetName, accountId, partition } = subject.set;
  const own = /^role\/awsreservedsso_(.+)_[0-9a-z]+$/.exec(who.resource)?.[1];
  if (own === undefined)
    return key.includes(permissionSetName.toLowerCase())
      ? {
          rank: 4,
          reason: "it is a permission set, and this is a role that IAM Identity Center has not made",
        }
      : undefined;
  if (own !== permissionSetName.toLowerCase())
    return distanceAtMost(own, permissionSetName.toLowerCase(), SLIPS)
      ? { rank: 3, reason: `its permission set is "${permissionSetName}", and not "${own}"` }
      : undefined;
  return accountId === who.account
    ? { rank: 1, reason: `it is of partition ${partition || "aws"}, and not of ${who.partition}` }
    : { rank: 1, reason: `it is of account ${accountId}, and not of ${who.account}` };
};

const patternReason = ({ subject }: MappingEntry, who: Arn, written: Arn): Ranked | undefined => {
  if (subject.kind === "role" || subject.kind === "user")
    return matchesWildcard(who.resource, withoutRolePath(written.resource), "one")
      ? {
          rank: 1,
          reason: `* and ? are letters here, and no name has them: a pattern is written as ${subject.kind}arnLike`,
        }
      : undefined;
  return written.account !== who.account && matchesWildcard(who.resource, written.resource, "one")
    ? { rank: 1, reason: `it is of account ${written.account}, and not of ${who.account}` }
    : undefined;
};

const withoutRolePath = (resource: string): string => resource.replace(/^role\/.*\//, "role/");
const partsOf = (resource: string): readonly [kind: string, name: string] => {
  const at = resource.indexOf("/");
  return at < 0 ? [resource, ""] : [resource.slice(0, at), resource.slice(at + 1)];
};
const last = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** Whether so few letters are other, more or less. */
const distanceAtMost = (a: string, b: string, most: number): boolean => {
  if (Math.abs(a.length - b.length) > most || a.length > 600) return false;
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++)
      next.push(
        Math.min(
          (before[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (before[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1),
        ),
      );
    before = next;
  }
  return (before[b.length] ?? most + 1) <= most;
};
