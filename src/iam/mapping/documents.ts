import { messageOf } from "../../base/errors.ts";
import { KnownError } from "../../base/errors.ts";
import { readAccessEntries } from "./access-entry.ts";
import { readAwsAuth } from "./aws-auth.ts";
import { IDENTITY_MAPPING, readIdentityMappings } from "./crd.ts";
import { readSections } from "./entry.ts";
import type { BackendName, ReservedPrefixes } from "./reserved.ts";
import { readServerConfig } from "../server-config.ts";
import type { ReadMapping } from "./table.ts";
import { folded, readYamlDocuments } from "./text.ts";

export const MAPPING_FORMATS = ["aws-auth", "file", "crd", "dynamic-file", "access-entries"] as const;
export type MappingFormat = (typeof MAPPING_FORMATS)[number];

/** A file of mappings, in whatever form. */
export interface MappingDocument {
  readonly format: MappingFormat;
  /** Which backend would read it; undefined: EKS's own. */
  readonly backend: BackendName | undefined;
  readonly read: ReadMapping;
  readonly reserved: ReservedPrefixes;
}

const BACKEND_OF: Readonly<Record<MappingFormat, BackendName | undefined>> = {
  "aws-auth": "EKSConfigMap",
  file: "MountedFile",
  crd: "CRD",
  "dynamic-file": "DynamicFile",
  "access-entries": undefined,
};

/**
 * Reads mappings in any of their forms, and tells which it is: the ConfigMap `aws-auth` or its data, the server's
 * configuration, IAMIdentityMapping objects (several documents, or a list), the dynamic file, EKS access entries.
 * @param name for messages
 * @throws {KnownError} IAM_MAPPING for what is none of them
 */
export async function readMappingDocument(text: string, name: string): Promise<MappingDocument> {
  const documents = (await readYamlDocuments(text, `"${name}"`)).flatMap(itemsOf);
  const [first] = documents;
  const made = (
    format: MappingFormat,
    read: ReadMapping,
    reserved: ReservedPrefixes = new Map(),
  ): MappingDocument => ({
    format,
    backend: BACKEND_OF[format],
    read,
    reserved,
  });
  if (first === undefined) throw none(name, "it is empty");
  if (documents.every((each) => field(each, "kind") === IDENTITY_MAPPING.kind))
    return made("crd", readIdentityMappings(documents));
  if (documents.every((each) => (field(each, "accessEntry") ?? field(each, "principalArn")) !== undefined))
    return made("access-entries", readAccessEntries(documents));
  if (documents.length > 1) throw none(name, "it has several documents");
  if (field(first, "kind") === "ConfigMap")
    return made("aws-auth", await readAwsAuth(texts(field(first, "data"))));
  const lists = ["mapRoles", "mapUsers", "mapAccounts"].map((key) => field(first, key));
  if (lists.some((each) => typeof each === "string"))
    return made("aws-auth", await readAwsAuth(texts(first)));
  if (lowered(first).has("server")) {
    const { mapping, reserved } = await readServerConfig(text, name);
    return made("file", mapping, reserved);
  }
  const keys = lowered(first);
  if (["maproles", "mapusers", "mapaccounts"].some((key) => keys.has(key))) {
    try {
      const inner = folded(first) as Readonly<Record<string, unknown>>;
      const { maproles: roles, mapusers: users, mapaccounts: accounts } = inner;
      return made("dynamic-file", readSections({ roles, users, accounts }));
    } catch (error) {
      throw none(name, messageOf(error));
    }
  }
  throw none(
    name,
    "neither mapRoles, mapUsers nor mapAccounts, IAMIdentityMapping nor principalArn stands in it",
  );
}

const none = (name: string, reason: string): KnownError =>
  new KnownError("IAM_MAPPING", `Cannot read "${name}" as mappings: ${reason}`);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const field = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
const lowered = (value: unknown): ReadonlySet<string> =>
  new Set(isObject(value) ? Object.keys(value).map((key) => key.toLowerCase()) : []);
const texts = (value: unknown): ReadonlyMap<string, string> =>
  new Map(
    isObject(value)
      ? Object.entries(value).flatMap(([key, text]) =>
          typeof text === "string" ? [[key, text] as const] : [],
        )
      : [],
  );

/** What stands in lists: of kubectl, of the AWS CLI, and plain ones. */
const itemsOf = (value: unknown): readonly unknown[] => {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  const listed = field(value, "items") ?? field(value, "accessEntries");
  return Array.isArray(listed) ? (listed as readonly unknown[]) : [value];
};
