import { canonicalArn, parseArn, withoutPath } from "../arn.ts";
import { partitionNamed } from "../partitions.ts";

/** A permission set of IAM Identity Center: AWS names its roles `AWSReservedSSO_NAME_RANDOM`. */
export interface PermissionSet {
  readonly permissionSetName: string;
  readonly accountId: string;
  /** Default: `aws`. */
  readonly partition: string | undefined;
}

/** Who an entry is for. */
export type Subject =
  | { readonly kind: "role"; readonly arn: string }
  | { readonly kind: "user"; readonly arn: string }
  | { readonly kind: "sso"; readonly set: PermissionSet }
  /** `*` and `?` in the name; kauth's own (`rolearnLike`, `userarnLike`). */
  | { readonly kind: "role-like"; readonly pattern: string }
  | { readonly kind: "user-like"; readonly pattern: string };

/** Characters that a pattern's name begins with at least: fewer would be nearly everybody. */
const LITERAL_LEAST = 4;
const PATTERN_MAX = 256;
/** Of IAM's names and paths, and the two that stand for others. */
const PATTERN = /^[\w+=,.@/*?-]+$/;

/** What is wrong with a subject, in the reference's words where it has some; undefined: nothing. */
export const subjectFault = (subject: Subject): string | undefined => {
  switch (subject.kind) {
    case "sso":
      return setFault(subject.set);
    case "role-like":
    case "user-like":
      return patternFault(subject.kind, subject.pattern);
    case "role":
    case "user": {
      if (subject.arn === "")
        return subject.kind === "user"
          ? "value for userarn must be supplied"
          : "one of rolearn or SSO must be supplied";
      const canonical = canonicalArn(subject.arn);
      return "fault" in canonical ? canonical.fault : undefined;
    }
  }
};

const setFault = ({ accountId, permissionSetName, partition }: PermissionSet): string | undefined => {
  if (!/^\d{12}$/.test(accountId)) return `AccountID '${accountId}' is not a valid AWS Account ID`;
  if (!/^[\w+=,.@-]{1,32}$/.test(permissionSetName))
    return `PermissionSetName '${permissionSetName}' is not a valid AWS SSO PermissionSet Name`;
  if (partition !== undefined && partition !== "" && partitionNamed(partition) === undefined)
    return `partition '${partition}' is not a valid AWS partition`;
  return undefined;
};

/** An account is always written out, and so is the beginning of a name. */
const patternFault = (kind: "role-like" | "user-like", pattern: string): string | undefined => {
  const word = kind === "role-like" ? "role" : "user";
  const arn = parseArn(pattern);
  const what = `${word}arnLike '${pattern}'`;
  if (typeof arn === "string" || pattern.length > PATTERN_MAX) return `${what} is no ARN`;
  if (partitionNamed(arn.partition) === undefined) return `${what} does not have a recognized partition`;
  if (arn.service !== "iam" || arn.region !== "" || !/^\d{12}$/.test(arn.account))
    return `${what} must begin with arn:${arn.partition}:iam:: and an account of 12 digits`;
  const name = /^(role|user)\/(.+)$/.exec(arn.resource);
  if (name?.[1] !== word) return `${what} must be of a ${word}`;
  const text = name[2] ?? "";
  if (!PATTERN.test(text)) return `${what} has characters that no name has`;
  // STS does not tell the path of a role: a pattern would say what is never looked at.
  if (word === "role" && text.includes("/")) return `${what} must have no path: STS does not tell a role's`;
  const literal = /^[^*?]*/.exec(text)?.[0] ?? "";
  return literal.slice(literal.lastIndexOf("/") + 1).length < LITERAL_LEAST
    ? `${what} must begin with at least ${LITERAL_LEAST} characters of the name before the first * or ?`
    : undefined;
};

/**
 * By what ARNs are compared, in lower case. `whole`: as it is written, which is all that the reference looks at;
 * `bare`: without a role's path, as STS tells it. Undefined: it is no identity's.
 */
export const keysOf = (arn: string): { readonly whole: string; readonly bare: string } | undefined => {
  const canonical = canonicalArn(arn);
  if ("fault" in canonical) return undefined;
  return { whole: canonical.arn.toLowerCase(), bare: withoutPath(canonical.arn).toLowerCase() };
};

const RESERVED = "awsreservedsso_";

/** With what the keys of a permission set's roles begin. */
export const setKey = ({ accountId, permissionSetName, partition }: PermissionSet): string =>
  `arn:${partition || "aws"}:iam::${accountId}:role/${RESERVED}${permissionSetName.toLowerCase()}_`;

/** The same of a role's key; undefined for one that is no permission set's. */
export const setKeyOf = (key: string): string | undefined =>
  new RegExp(`^(.*:role/${RESERVED}.+_)[0-9a-z]+$`).exec(key)?.[1];

/** For people. */
export const subjectText = (subject: Subject): string => {
  switch (subject.kind) {
    case "sso":
      return `permission set ${subject.set.permissionSetName} of account ${subject.set.accountId}`;
    case "role-like":
    case "user-like":
      return subject.pattern;
    case "role":
    case "user":
      return subject.arn;
  }
};
