import { DecodeError, fallback, object, optional, record } from "../../base/decode.ts";
import { parseArn } from "../arn.ts";
import { entryFault } from "./entry.ts";
import { subjectFault } from "./subject.ts";
import type { MappingEntry, ReadMapping } from "./table.ts";
import { items, word } from "./text.ts";

const NODE = "system:node:{{EC2PrivateDNSName}}";
const NODE_GROUPS = ["system:bootstrappers", "system:nodes"];
const shape = object({
  principalArn: word,
  kubernetesGroups: items(word),
  username: optional(word),
  type: fallback(word, "STANDARD"),
});

/**
 * EKS access entries, as `aws eks describe-access-entry` gives them or `create-access-entry` takes them. What AWS adds
 * by access policies is no mapping, and is told.
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessEntry.html
 */
export const readAccessEntries = (values: readonly unknown[]): ReadMapping => {
  const faults: string[] = [];
  const warnings: string[] = [];
  const entries = values.flatMap((value, index) => {
    const origin = `accessEntries[${index}]`;
    try {
      const outer = record(value, origin);
      const read = shape(outer["accessEntry"] ?? outer, origin);
      const entry = entryOf(read, origin);
      const fault = subjectFault(entry.subject) ?? entryFault(entry);
      if (fault === undefined) return [entry];
      faults.push(`${origin}: ${fault}`);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      faults.push(error.message);
    }
    return [];
  });
  if (entries.length > 0)
    warnings.push(
      "what access policies give (AmazonEKSClusterAdminPolicy, …) does not stand in access entries",
    );
  return { table: { entries, accounts: [] }, faults, warnings };
};

const entryOf = (
  { principalArn: arn, kubernetesGroups: groups, username, type }: ReturnType<typeof shape>,
  origin: string,
): MappingEntry => {
  const parsed = parseArn(arn);
  const isUser = typeof parsed !== "string" && parsed.resource.startsWith("user/");
  const subject = { kind: isUser ? "user" : "role", arn } as const;
  if (type !== "STANDARD") return { subject, username: NODE, groups: NODE_GROUPS, origin };
  // EKS's own defaults, where no name is given.
  const name = username ?? (isUser ? arn : sessionName(arn));
  return { subject, username: name, groups, origin };
};

const sessionName = (arn: string): string => {
  const parsed = parseArn(arn);
  if (typeof parsed === "string") return arn;
  const role = parsed.resource.slice(parsed.resource.lastIndexOf("/") + 1);
  return `arn:${parsed.partition}:sts::${parsed.account}:assumed-role/${role}/{{SessionName}}`;
};

export interface AccessEntry {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly type: "STANDARD" | "EC2_LINUX";
  readonly username?: string;
  readonly kubernetesGroups?: readonly string[];
}

const RESERVED = /^(?:system|eks|aws|amazon|iam):/;

/** An entry as `aws eks create-access-entry --cli-input-json` takes it, or why EKS does not. */
export const accessEntryOf = (
  { subject, username, groups }: MappingEntry,
  clusterName: string,
): AccessEntry | string => {
  if (subject.kind !== "role" && subject.kind !== "user")
    return "access entries are for one role or user each: no permission sets, no patterns";
  const principalArn = subject.arn;
  if (username === NODE) return { clusterName, principalArn, type: "EC2_LINUX" };
  if (RESERVED.test(username)) return `EKS takes no user name that begins as "${username}" does`;
  const places = [...username.matchAll(/\{\{(.*?)\}\}/g)].map(([, place = ""]) => place);
  const odd = places.find((place) => place !== "SessionName" && place !== "SessionNameRaw");
  if (odd !== undefined) return `EKS does not know the place holder {{${odd}}}`;
  if (places.length > 0 && !username.slice(0, username.indexOf("{{")).includes(":"))
    return "EKS wants a colon before {{SessionName}}";
  const group = groups.find((each) => RESERVED.test(each));
  if (group !== undefined)
    return `EKS takes no group "${group}"${group === "system:masters" ? ": associate AmazonEKSClusterAdminPolicy in its place" : ""}`;
  return { clusterName, principalArn, type: "STANDARD", username, kubernetesGroups: groups };
};
