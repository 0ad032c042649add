import { parseArn, type Arn } from "./arn.ts";
import { matchesWildcard } from "./wildcard.ts";

const FIELDS: readonly (keyof Arn)[] = ["partition", "service", "region", "account", "resource"];
/** AWS's longest ARNs; what is longer is none. */
const LENGTH_MAX = 2048;

/**
 * Whether an ARN is like a pattern, field by field, as aws-iam-authenticator compares (iam.md §2.4): `*` stands for any
 * text within a field, and `?` for one character or none, where IAM has exactly one.
 * @returns a text: why they cannot be compared, in the reference's words
 */
export const arnLike = (arn: string, pattern: string): boolean | string => {
  const wanted = parseArn(pattern);
  if (typeof wanted === "string") return `could not parse ArnLike string: ${wanted.slice("arn: ".length)}`;
  const found = parseArn(arn);
  if (typeof found === "string") return `could not parse input arn: ${found.slice("arn: ".length)}`;
  if (arn.length > LENGTH_MAX || pattern.length > LENGTH_MAX) return `longer than ${LENGTH_MAX} characters`;
  return FIELDS.every((field) => matchesWildcard(found[field], wanted[field], "optional"));
};
