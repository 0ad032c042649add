import { isKnownError, KnownError } from "../../base/errors.ts";
import {
  canonicalArn,
  createMapper,
  lookupOf,
  nearMisses,
  subjectText,
  type Backend,
  type IamIdentity,
  type MappingDocument,
} from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { cleanLine } from "../output.ts";
import { mappingSource } from "./mapping-source.ts";

/** Who somebody would be. */
export interface MappingVerdict {
  /** Undefined: only what an access key says of its account is known. */
  readonly canonicalArn: string | undefined;
  readonly account: string;
  /** Undefined: nobody, for `reason`. */
  readonly user:
    | { readonly username: string; readonly groups: readonly string[]; readonly by: string }
    | undefined;
  readonly reason: string | undefined;
  readonly near: readonly NearEntry[];
}

export interface NearEntry {
  readonly entry: string;
  readonly username: string;
  readonly reason: string;
}

/** For an instance nobody is asked about. */
const SOME_NAME = "NAME-OF-THE-INSTANCE";

/**
 * What the files of `--mapping` say of `--arn`, or of an account where only that is known; undefined where no file is
 * named. @throws {KnownError} USAGE, IAM_MAPPING
 */
export async function testMapping(
  { options, system }: Invocation,
  knownAccount: string | undefined,
): Promise<MappingVerdict | undefined> {
  const paths = options.list("mapping");
  const arn = options.string("arn") ?? "";
  if (paths.length === 0 && arn === "") return undefined;
  if (paths.length === 0) throw new KnownError("USAGE", "Cannot look for --arn: name a file with --mapping");
  const documents = await Promise.all(paths.map(async (path) => await mappingSource(path, system)));
  return arn === ""
    ? ofAccount(documents, knownAccount)
    : await ofArn(documents, identityOf(arn, options.string("user-id") ?? ""), paths);
}

/** Somebody as STS would tell them, of what a person knows. @throws {KnownError} USAGE */
export const identityOf = (arn: string, userId: string): IamIdentity => {
  const canonical = canonicalArn(arn);
  if ("fault" in canonical)
    throw new KnownError("USAGE", `Cannot use --arn: ${canonical.fault}`, {
      hint: "Give it as aws sts get-caller-identity prints it, or as IAM shows the role or user",
    });
  const session = /^arn:[^:]+:sts::[^:]*:assumed-role\/(?:.*\/)?[^/]+\/([^/]+)$/.exec(arn)?.[1];
  const isRole = /^arn:[^:]+:iam::[^:]*:role\//.test(canonical.arn);
  return {
    arn,
    canonicalArn: canonical.arn,
    account: canonical.arn.split(":")[4] ?? "",
    userId,
    sessionName: session ?? (isRole ? "SESSION" : ""),
    accessKeyId: "ACCESS-KEY-ID",
  };
};

export const ofArn = async (
  documents: readonly MappingDocument[],
  identity: IamIdentity,
  paths: readonly string[],
): Promise<MappingVerdict> => {
  const backends: readonly Backend[] = documents.map(({ backend, read }) => ({
    name: backend ?? "EKSConfigMap",
    // Whoever names an id asks as dynamicfileUserIDStrict does.
    lookup: lookupOf(read.table, { strictUserId: backend === "DynamicFile" && identity.userId !== "" }),
  }));
  const map = createMapper({
    backends: () => backends,
    reserved: new Map(documents.flatMap(({ reserved }) => [...reserved])),
    privateDnsName: async () => await Promise.resolve(SOME_NAME),
  });
  const { canonicalArn: arn, account } = identity;
  const common = { canonicalArn: arn, account };
  try {
    const { username, groups, entry } = await map(identity);
    const by = entry === undefined ? "mapAccounts" : `${entry.origin}, ${subjectText(entry.subject)}`;
    return { ...common, user: { username, groups, by }, reason: undefined, near: [] };
  } catch (error) {
    if (!isKnownError(error)) throw error;
    const near = documents.flatMap(({ read }, index) =>
      nearMisses(read.table, identity).map(({ entry, reason }) => ({
        entry: `${documents.length > 1 ? `${paths[index] ?? ""}: ` : ""}${entry.origin}, ${subjectText(entry.subject)}`,
        username: entry.username,
        reason,
      })),
    );
    return { ...common, user: undefined, reason: error.message, near };
  }
};

/** Which entries the account's people could be: all that can be told by an access key. */
const ofAccount = (
  documents: readonly MappingDocument[],
  account: string | undefined,
): MappingVerdict | undefined => {
  if (account === undefined) return undefined;
  const entries = documents.flatMap(({ read }) => read.table.entries);
  const allowed = documents.some(({ read }) => read.table.accounts.includes(account));
  const near = entries
    .filter(({ subject }) =>
      subject.kind === "sso"
        ? subject.set.accountId === account
        : subjectText(subject).split(":")[4] === account,
    )
    .map(({ subject, username, origin }) => ({
      entry: `${origin}, ${subjectText(subject)}`,
      username,
      reason: "it is of the account that the access key says it is of",
    }));
  return {
    canonicalArn: undefined,
    account,
    user: allowed
      ? { username: "their ARN", groups: [], by: "mapAccounts, unless an entry is theirs" }
      : undefined,
    reason: allowed ? undefined : "the token does not say whose it is: name them with --arn",
    near,
  };
};

export const mappedLines = (verdict: MappingVerdict): readonly string[] => {
  const { user, reason, near, canonicalArn: arn, account } = verdict;
  const row = (label: string, value: string): string => cleanLine(`${label.padEnd(12)}${value}`);
  return [
    row("who", arn ?? `somebody of account ${account}`),
    ...(user === undefined
      ? [row("is", `nobody: ${reason ?? ""}`)]
      : [
          row("is", user.username),
          ...(user.groups.length === 0 ? [] : [row("groups", user.groups.join(", "))]),
          row("by", user.by),
        ]),
    ...near.map((each) =>
      row(arn === undefined ? "perhaps" : "nearly", `${each.username}, by ${each.entry}: ${each.reason}`),
    ),
  ];
};
