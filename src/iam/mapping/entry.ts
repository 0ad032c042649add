import { DecodeError, fallback, object, optional, record, unknown } from "../../base/decode.ts";
import { messageOf } from "../../base/errors.ts";
import { shown } from "../verify/quote.ts";
import { subjectFault, type Subject } from "./subject.ts";
import type { MappingEntry, MappingTable, ReadMapping } from "./table.ts";
import { items, word } from "./text.ts";

/** `mapRoles`, `mapUsers` and `mapAccounts` of any source, with their keys in lower case. */
export interface Sections {
  readonly roles: unknown;
  readonly users: unknown;
  readonly accounts: unknown;
}

export interface EntryOptions {
  /** Ids are what counts: an entry has one, and may have no ARN (DynamicFile). Default false. */
  readonly strictUserId?: boolean;
}

const text = fallback(word, "");
const flag = fallback(word, "false");
const shape = object({
  rolearn: text,
  userarn: text,
  rolearnlike: text,
  userarnlike: text,
  sso: optional(object({ permissionsetname: text, accountid: text, partition: optional(word) })),
  username: text,
  groups: items(word),
  userid: text,
  privileged: flag,
});
type Written = ReturnType<typeof shape>;

/** What an entry of each section may say; anything else is a slip. */
const KEYS = {
  mapRoles: ["rolearn", "rolearnlike", "sso", "username", "groups", "userid", "privileged"],
  mapUsers: ["userarn", "userarnlike", "username", "groups", "userid", "privileged"],
} as const;
type Section = keyof typeof KEYS;

/** Reads all that can be read; what is wrong is told and left out. */
export const readSections = (sections: Sections, options: EntryOptions = {}): ReadMapping => {
  const faults: string[] = [];
  const warnings: string[] = [];
  const entries = [
    ...readSection("mapRoles", sections.roles, { ...options, faults, warnings }),
    ...readSection("mapUsers", sections.users, { ...options, faults, warnings }),
  ];
  const accounts = readAccounts(sections.accounts, { faults, warnings });
  return { table: { entries, accounts }, faults, warnings };
};

interface Told {
  readonly faults: string[];
  readonly warnings: string[];
}

const readSection = (
  section: Section,
  value: unknown,
  told: Told & EntryOptions,
): MappingTable["entries"] => {
  let written: readonly unknown[];
  try {
    written = items(unknown)(value, section);
  } catch (error) {
    told.faults.push(messageOf(error));
    return [];
  }
  return written.flatMap((item, index) => {
    const origin = `${section}[${index}]`;
    try {
      const fields = record(item, origin);
      const odd = Object.keys(fields).filter((key) => !(KEYS[section] as readonly string[]).includes(key));
      for (const key of odd) told.warnings.push(`${origin}: nobody reads "${shown(key)}"`);
      const entry = entryOf(section, shape(item, origin), { ...told, origin });
      return [entry];
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof EntryFault)) throw error;
      told.faults.push(error instanceof EntryFault ? `${origin}: ${error.message}` : error.message);
      return [];
    }
  });
};

class EntryFault extends Error {}

const entryOf = (
  section: Section,
  written: Written,
  { origin, strictUserId = false }: EntryOptions & { readonly origin: string },
): MappingEntry => {
  const subject = section === "mapRoles" ? roleSubject(written) : userSubject(written);
  const byArn = subject.kind === "role" || subject.kind === "user";
  if (strictUserId && written.userid === "")
    throw new EntryFault(
      `value for ${section === "mapRoles" ? "rolearn" : "userarn"} or userid(if dynamicfileUserIDStrict = true) must be supplied`,
    );
  // An ARN that is none is then whose id it is not: the reference's "ARN does not match User ID".
  const fault = strictUserId && byArn ? undefined : subjectFault(subject);
  if (fault !== undefined) throw new EntryFault(shown(fault));
  const entry = {
    subject,
    username: written.username,
    groups: written.groups,
    userId: written.userid === "" ? undefined : written.userid,
    privileged: written.privileged === "true",
    origin,
  };
  const refusal = entryFault(entry);
  if (refusal !== undefined) throw new EntryFault(refusal);
  return entry;
};

/** What is wrong with the rest of an entry, of whatever source; undefined: nothing. */
export const entryFault = ({ subject, username, groups, privileged }: MappingEntry): string | undefined => {
  if (username === "") return "value for username must be supplied";
  const isPattern = subject.kind === "role-like" || subject.kind === "user-like";
  const group = groups.find((each) => each.startsWith("system:"));
  // Whoever may make a role with a name that fits would be an administrator.
  return isPattern && group !== undefined && privileged !== true
    ? `a pattern gives the group "${shown(group)}" only where privileged: true is written beside it`
    : undefined;
};

const roleSubject = ({ rolearn, rolearnlike, sso }: Written): Subject => {
  if ([rolearn !== "", rolearnlike !== "", sso !== undefined].filter(Boolean).length > 1)
    throw new EntryFault("only one of rolearn or SSO must be supplied");
  if (rolearnlike !== "") return { kind: "role-like", pattern: rolearnlike };
  if (sso === undefined) return { kind: "role", arn: rolearn };
  const { permissionsetname: permissionSetName, accountid: accountId, partition } = sso;
  return { kind: "sso", set: { permissionSetName, accountId, partition } };
};

const userSubject = ({ userarn, userarnlike }: Written): Subject => {
  if (userarn !== "" && userarnlike !== "")
    throw new EntryFault("only one of userarn and userarnLike must be supplied");
  return userarnlike === "" ? { kind: "user", arn: userarn } : { kind: "user-like", pattern: userarnlike };
};

const readAccounts = (value: unknown, { faults, warnings }: Told): readonly string[] => {
  try {
    return items(word)(value, "mapAccounts").filter((account, index) => {
      if (/^\d{12}$/.test(account)) return true;
      warnings.push(`mapAccounts[${index}]: "${shown(account)}" is no account of 12 digits, and nobody's`);
      return false;
    });
  } catch (error) {
    faults.push(messageOf(error));
    return [];
  }
};
