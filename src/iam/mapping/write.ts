import { parseArn } from "../arn.ts";
import { accessEntryOf } from "./access-entry.ts";
import { AWS_AUTH } from "./aws-auth.ts";
import { IDENTITY_MAPPING } from "./crd.ts";
import type { MappingFormat } from "./documents.ts";
import { subjectText } from "./subject.ts";
import type { MappingEntry, MappingTable } from "./table.ts";

export interface WrittenMapping {
  /** One document each. */
  readonly documents: readonly unknown[];
  readonly form: "yaml" | "json";
  /** What the format cannot say, one line each: it is left out. */
  readonly losses: readonly string[];
}

/**
 * Mappings in another form, for `yaml` or `JSON.stringify`.
 * @param clusterName for access entries
 */
export async function writeMapping(
  table: MappingTable,
  format: MappingFormat,
  clusterName: string,
): Promise<WrittenMapping> {
  switch (format) {
    case "aws-auth": {
      const data = await Promise.all(
        Object.entries(sectionsOf(table)).map(async ([key, list]) => [key, await yamlText(list)] as const),
      );
      const document = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: AWS_AUTH,
        data: Object.fromEntries(data),
      };
      return { documents: [document], form: "yaml", losses: [] };
    }
    case "file":
      return { documents: [{ server: sectionsOf(table) }], form: "yaml", losses: [] };
    case "dynamic-file":
      return { documents: [sectionsOf(table)], form: "json", losses: [] };
    case "crd":
      return crds(table);
    case "access-entries":
      return accessEntries(table, clusterName);
  }
}

const sectionsOf = ({ entries, accounts }: MappingTable): Readonly<Record<string, readonly unknown[]>> => {
  const roles = entries.filter(({ subject }) => !subject.kind.startsWith("user"));
  const users = entries.filter(({ subject }) => subject.kind.startsWith("user"));
  return {
    ...(roles.length === 0 ? {} : { mapRoles: roles.map(itemOf) }),
    ...(users.length === 0 ? {} : { mapUsers: users.map(itemOf) }),
    ...(accounts.length === 0 ? {} : { mapAccounts: accounts }),
  };
};

const itemOf = ({ subject, username, groups, userId, privileged }: MappingEntry): object => ({
  ...subjectFields(subject),
  username,
  ...(groups.length === 0 ? {} : { groups }),
  ...(userId === undefined ? {} : { userid: userId }),
  ...(privileged === true ? { privileged: true } : {}),
});

const subjectFields = (subject: MappingEntry["subject"]): object => {
  switch (subject.kind) {
    case "role":
      return { rolearn: subject.arn };
    case "user":
      return { userarn: subject.arn };
    case "role-like":
      return { rolearnLike: subject.pattern };
    case "user-like":
      return { userarnLike: subject.pattern };
    case "sso": {
      const { permissionSetName, accountId: accountID, partition } = subject.set;
      return { sso: { permissionSetName, accountID, ...(partition === undefined ? {} : { partition }) } };
    }
  }
};

const yamlText = async (value: unknown): Promise<string> => {
  const { stringify } = await import("yaml");
  return stringify(value, { lineWidth: 0, schema: "yaml-1.1" });
};

const crds = ({ entries, accounts }: MappingTable): WrittenMapping => {
  const losses = accounts.map((account) => `mapAccounts: ${account}: IAMIdentityMapping knows no accounts`);
  const taken = new Set<string>();
  const documents = entries.flatMap((entry) => {
    const { subject, username, groups, origin } = entry;
    if (subject.kind !== "role" && subject.kind !== "user") {
      losses.push(`${origin}: IAMIdentityMapping is for one ARN, and this is ${subjectText(subject)}`);
      return [];
    }
    const metadata = { name: nameFor(entry, taken) };
    return [{ ...IDENTITY_MAPPING, metadata, spec: { arn: subject.arn, username, groups } }];
  });
  return { documents, form: "yaml", losses };
};

/** Of the account and the name, which is what people look for. */
const nameFor = ({ subject }: MappingEntry, taken: Set<string>): string => {
  const arn = parseArn(subjectText(subject));
  const parts =
    typeof arn === "string" ? ["entry"] : [arn.resource.replace(/^assumed-role\//, "role/"), arn.account];
  const base = parts
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 200);
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  taken.add(name);
  return name;
};

const accessEntries = ({ entries, accounts }: MappingTable, clusterName: string): WrittenMapping => {
  const losses = accounts.map((account) => `mapAccounts: ${account}: EKS has no access entry for an account`);
  const documents = entries.flatMap((entry) => {
    const written = accessEntryOf(entry, clusterName);
    if (typeof written !== "string") return [written];
    losses.push(`${entry.origin}: ${written}`);
    return [];
  });
  return { documents: [documents], form: "json", losses };
};
