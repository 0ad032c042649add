import { canonicalArn, withoutPath } from "../arn.ts";
import { partitionNamed } from "../partitions.ts";
import type { IamIdentity } from "../verify/identity.ts";

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
  | { readonly kind: "sso"; readonly set: PermissionSet };

/** Of every source the same, whatever it is written in. */
export interface MappingEntry {
  readonly subject: Subject;
  readonly username: string;
  readonly groups: readonly string[];
}

const HASH = /^[0-9a-z]+$/;

/** What is wrong with an entry's subject, in the reference's words where it has some; undefined: nothing. */
export const subjectFault = (subject: Subject): string | undefined => {
  if (subject.kind === "sso") {
    const { accountId, permissionSetName, partition } = subject.set;
    if (!/^\d{12}$/.test(accountId)) return `AccountID '${accountId}' is not a valid AWS Account ID`;
    if (!/^[\w+=,.@-]{1,32}$/.test(permissionSetName))
      return `PermissionSetName '${permissionSetName}' is not a valid AWS SSO PermissionSet Name`;
    if (partition !== undefined && partition !== "" && partitionNamed(partition) === undefined)
      return `partition '${partition}' is not a valid AWS partition`;
    return undefined;
  }
  if (subject.arn === "")
    return subject.kind === "user"
      ? "value for userarn must be supplied"
      : "one of rolearn or SSO must be supplied";
  const canonical = canonicalArn(subject.arn);
  return "fault" in canonical ? canonical.fault : undefined;
};

/** ARNs compare in lower case; STS leaves the paths of roles out, so that an entry's is left out too. */
const keyOf = (arn: string): string | undefined => {
  const canonical = canonicalArn(arn);
  return "fault" in canonical ? undefined : withoutPath(canonical.arn).toLowerCase();
};

/** Every source compares alike (the reference's defects D2, D9 and D10). An entry that is wrong is nobody's. */
export const isFor = (subject: Subject, identity: Pick<IamIdentity, "canonicalArn">): boolean => {
  const key = keyOf(identity.canonicalArn);
  if (key === undefined || subjectFault(subject) !== undefined) return false;
  if (subject.kind !== "sso") return keyOf(subject.arn) === key;
  const { accountId, permissionSetName, partition } = subject.set;
  const start = `arn:${partition || "aws"}:iam::${accountId}:role/awsreservedsso_${permissionSetName.toLowerCase()}_`;
  return key.startsWith(start) && HASH.test(key.slice(start.length));
};

/** The first entry in the order they are written (the reference's defects D8 and D19: any of them). */
export const firstFor = (
  entries: readonly MappingEntry[],
  identity: Pick<IamIdentity, "canonicalArn">,
): MappingEntry | undefined => entries.find(({ subject }) => isFor(subject, identity));
