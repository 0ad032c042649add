import { KnownError } from "../../base/errors.ts";
import type { IamIdentity } from "../verify/identity.ts";
import { shown } from "../verify/quote.ts";
import type { Lookup } from "./lookup.ts";
import { reservedFault, type BackendName, type ReservedPrefixes } from "./reserved.ts";
import type { MappingEntry } from "./table.ts";
import { fillTemplate, instanceOf, wantsPrivateDnsName } from "./template.ts";

/** Who somebody is in the cluster. */
export interface MappedUser {
  readonly username: string;
  readonly groups: readonly string[];
  readonly backend: BackendName;
  /** Undefined: by `mapAccounts`. */
  readonly entry: MappingEntry | undefined;
}

/** One source, as it is now. */
export interface Backend {
  readonly name: BackendName;
  /** Undefined until it was read for the first time. */
  readonly lookup: Lookup | undefined;
}

/** The private DNS name of an EC2 instance. @throws {KnownError} IAM_INSTANCE_FAILED */
export type PrivateDnsName = (instanceId: string, signal?: AbortSignal) => Promise<string>;

export interface MapperParts {
  /** In their order, asked for each identity: they change while the server runs. */
  readonly backends: () => readonly Backend[];
  readonly reserved: ReservedPrefixes;
  readonly privateDnsName: PrivateDnsName;
}

/**
 * From an identity to a user of the cluster.
 * @throws {KnownError} IAM_NOT_MAPPED, IAM_USER_ID_MISMATCH, IAM_NAME_RESERVED, IAM_NAME_INCOMPLETE: no. IAM_INSTANCE_FAILED,
 *   IAM_MAPPING_UNREAD: not now, asking again makes sense
 */
export type Mapper = (identity: IamIdentity, signal?: AbortSignal) => Promise<MappedUser>;

/**
 * The first backend that has an entry, or the account, answers, also when its answer is no: where the reference goes on
 * after an entry that cannot be used (its defect D11), a later backend would say who somebody is that is known not to
 * be.
 */
export const createMapper =
  ({ backends, reserved, privateDnsName }: MapperParts): Mapper =>
  async (identity, signal) => {
    const unread: BackendName[] = [];
    for (const { name, lookup } of backends()) {
      if (lookup === undefined) {
        unread.push(name);
        continue;
      }
      const found = lookup.find(identity);
      if (found?.kind === "mismatch")
        throw new KnownError("IAM_USER_ID_MISMATCH", "ARN does not match User ID");
      const user =
        found === undefined
          ? lookup.allows(identity.account)
            ? { username: identity.canonicalArn, groups: [], backend: name, entry: undefined }
            : undefined
          : await rendered(found.entry, identity, { backend: name, privateDnsName, signal });
      if (user === undefined) continue;
      const fault = reservedFault(
        { username: user.username, template: found?.entry.username },
        name,
        reserved,
      );
      if (fault !== undefined) throw new KnownError("IAM_NAME_RESERVED", fault);
      return user;
    }
    // A source that was not read yet may know them.
    if (unread.length > 0)
      throw new KnownError(
        "IAM_MAPPING_UNREAD",
        `identity is not mapped, but ${unread.join(" and ")} could not be read yet`,
      );
    throw new KnownError("IAM_NOT_MAPPED", "identity is not mapped");
  };

interface Rendering {
  readonly backend: BackendName;
  readonly privateDnsName: PrivateDnsName;
  readonly signal: AbortSignal | undefined;
}

const rendered = async (
  entry: MappingEntry,
  identity: IamIdentity,
  { backend, privateDnsName, signal }: Rendering,
): Promise<MappedUser> => {
  const templates = [entry.username, ...entry.groups];
  let dnsName: string | undefined;
  if (wantsPrivateDnsName(templates)) {
    const instance = instanceOf(identity.sessionName);
    if (instance === undefined)
      throw new KnownError("IAM_NAME_INCOMPLETE", "SessionName did not contain an instance id");
    dnsName = await privateDnsName(instance, signal);
  }
  const facts = { ...identity, privateDnsName: dnsName };
  const texts = templates.map((template) => {
    const text = fillTemplate(template, facts);
    if (text === undefined)
      throw new KnownError(
        "IAM_NAME_INCOMPLETE",
        `${entry.origin} of ${backend} gives no name: "${shown(template)}" asks for what ${identity.canonicalArn} does not have`,
      );
    return text;
  });
  const [username = "", ...groups] = texts;
  return { username, groups, backend, entry };
};
