import type { IamIdentity } from "../verify/identity.ts";

/** What a place holder of a user name or a group may ask for (iam.md §2.5). */
export interface TemplateFacts extends Pick<IamIdentity, "account" | "sessionName" | "accessKeyId"> {
  /** Of the EC2 instance that the session's name is; looked up only where `wantsPrivateDnsName`. */
  readonly privateDnsName: string | undefined;
}

const PLACE = /\{\{(EC2PrivateDNSName|AccountID|SessionName|SessionNameRaw|AccessKeyID)\}\}/g;
const INSTANCE = /^i-(?:\w{8}|\w{17})$/;

export const wantsPrivateDnsName = (templates: readonly string[]): boolean =>
  templates.some((template) => template.includes("{{EC2PrivateDNSName}}"));

/** The instance that a session is of, by its name; undefined where it is none. */
export const instanceOf = (sessionName: string): string | undefined =>
  INSTANCE.test(sessionName) ? sessionName : undefined;

/**
 * Fills every place holder at once, so that no value is read as a place holder again (security.md R-L9). Those that are
 * not known stay. Undefined: a place has no value, and the text would be somebody else's.
 */
export const fillTemplate = (template: string, facts: TemplateFacts): string | undefined => {
  if (!template.includes("{{")) return template;
  let missing = false;
  const text = template.replace(PLACE, (_place, name: string) => {
    const value = VALUES[name]?.(facts) ?? "";
    if (value === "") missing = true;
    return value;
  });
  return missing ? undefined : text;
};

const VALUES: Readonly<Record<string, (facts: TemplateFacts) => string | undefined>> = {
  AccountID: ({ account }) => account,
  SessionName: ({ sessionName }) => sessionName.replaceAll("@", "-"),
  SessionNameRaw: ({ sessionName }) => sessionName,
  AccessKeyID: ({ accessKeyId }) => accessKeyId,
  EC2PrivateDNSName: ({ privateDnsName }) => privateDnsName,
};
