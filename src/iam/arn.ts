import { PARTITIONS } from "./partitions.ts";

/** `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; the resource may hold colons. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** A text is why it is none, in the words of AWS's SDK for Go. */
export const parseArn = (text: string): Arn | string => {
  if (!text.startsWith("arn:")) return "arn: invalid prefix";
  const [, partition = "", service = "", region = "", account = "", ...resource] = text.split(":");
  if (resource.length === 0) return "arn: not enough sections";
  return { partition, service, region, account, resource: resource.join(":") };
};

/**
 * The ARN by which an identity is mapped: a session of an assumed role becomes its role; a role's path is kept where
 * it is told, and STS does not tell it (iam.md §2.4). `fault` is the reference's text.
 */
export const canonicalArn = (text: string): { readonly arn: string } | { readonly fault: string } => {
  const arn = parseArn(text);
  if (typeof arn === "string") return { fault: `arn '${text}' is invalid: '${arn}'` };
  const { partition, service, account, resource } = arn;
  if (!PARTITIONS.some(({ name }) => name === partition))
    return { fault: `arn '${text}' does not have a recognized partition` };
  const parts = resource.split("/");
  const [kind = ""] = parts;
  if (service === "iam")
    return ["role", "user", "root"].includes(kind)
      ? { arn: text }
      : { fault: `unrecognized resource ${resource} for service iam` };
  if (service !== "sts")
    return { fault: `service ${service} in arn ${text} is not a valid service for identities` };
  if (kind === "federated-user") return { arn: text };
  if (kind !== "assumed-role") return { fault: `unrecognized resource ${resource} for service sts` };
  if (parts.length < 3) return { fault: `assumed-role arn '${text}' does not have a role` };
  return { arn: `arn:${partition}:iam::${account}:role/${parts.slice(1, -1).join("/")}` };
};

/** A role's ARN without its path, as STS tells it; any other as it is. */
export const withoutPath = (text: string): string => {
  const arn = parseArn(text);
  if (typeof arn === "string" || !arn.resource.startsWith("role/")) return text;
  const start = text.length - arn.resource.length;
  return `${text.slice(0, start)}role/${arn.resource.slice(arn.resource.lastIndexOf("/") + 1)}`;
};
