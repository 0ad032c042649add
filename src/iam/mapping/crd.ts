import { DecodeError, fallback, object, optional, record, string } from "../../base/decode.ts";
import { canonicalArn, parseArn } from "../arn.ts";
import { shown } from "../verify/quote.ts";
import { entryFault } from "./entry.ts";
import { subjectFault, type Subject } from "./subject.ts";
import type { MappingEntry, ReadMapping } from "./table.ts";
import { items, word } from "./text.ts";

/** The kind of the reference, cluster-scoped. */
export const IDENTITY_MAPPING = {
  apiVersion: "iamauthenticator.k8s.aws/v1alpha1",
  kind: "IAMIdentityMapping",
} as const;

const text = fallback(word, "");
const shape = object({
  metadata: object({ name: string }),
  spec: fallback(object({ arn: text, username: text, groups: items(word) }), {
    arn: "",
    username: "",
    groups: [],
  }),
});

/** `IAMIdentityMapping` objects, as the API server gives them; what is wrong is told and left out. */
export const readIdentityMappings = (objects: readonly unknown[]): ReadMapping => {
  const faults: string[] = [];
  const entries = objects.flatMap((each, index) => {
    const entry = readOne(each, index);
    if (typeof entry !== "string") return [entry];
    faults.push(entry);
    return [];
  });
  return { table: { entries, accounts: [] }, faults, warnings: [] };
};

const readOne = (value: unknown, index: number): MappingEntry | string => {
  let read: ReturnType<typeof shape>;
  try {
    read = shape(value, `${IDENTITY_MAPPING.kind}[${index}]`);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  const { arn, username, groups } = read.spec;
  const entry = {
    subject: subjectOf(arn),
    username,
    groups,
    origin: `${IDENTITY_MAPPING.kind} "${read.metadata.name}"`,
  };
  const fault = subjectFault(entry.subject) ?? entryFault(entry);
  return fault === undefined ? entry : `${entry.origin}: ${shown(fault)}`;
};

const subjectOf = (text: string): Subject => {
  const arn = parseArn(text);
  const isUser = typeof arn !== "string" && arn.service === "iam" && arn.resource.startsWith("user/");
  return { kind: isUser ? "user" : "role", arn: text };
};

const statusShape = object({
  spec: fallback(object({ arn: text }), { arn: "" }),
  status: optional(record),
});

/** The status that an object should have, in place of another one; undefined: nothing is to be written. */
export const statusToWrite = (value: unknown): Readonly<Record<string, unknown>> | undefined => {
  let read: ReturnType<typeof statusShape>;
  try {
    read = statusShape(value, "");
  } catch (error) {
    // It is told as what cannot be used for mapping.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  const wanted = identityStatus(read.spec.arn);
  return wanted === undefined || read.status?.["canonicalARN"] === wanted.canonicalARN
    ? undefined
    : { ...read.status, ...wanted };
};

/** What the reference's controller writes into `status`; undefined for an ARN that is nobody's. */
const identityStatus = (arn: string): { readonly canonicalARN: string } | undefined => {
  const canonical = canonicalArn(arn);
  return "fault" in canonical ? undefined : { canonicalARN: canonical.arn.toLowerCase() };
};
