import { posix, win32 } from "node:path";
import { boolean, DecodeError, dictionary, object, optional, string } from "../../base/decode.ts";
import { messageOf, systemCode } from "../../base/errors.ts";
import { readPlainYaml } from "../../base/plain-yaml.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { epochMillis, isDate, MiB } from "../../base/units.ts";
import type { AwsKeys } from "./plan.ts";

/** What aws-iam-authenticator calls its entries by. */
export interface OldEntry {
  readonly clusterId: string;
  readonly profile: string | undefined;
  readonly roleArn: string | undefined;
}

/** Hundreds of clusters have some 500 KB. */
const LIMIT = MiB(4);

const text = optional(string);
const shape = object({
  clusters: optional(
    dictionary(
      dictionary(
        dictionary(
          object({
            accesskeyid: text,
            secretaccesskey: text,
            sessiontoken: text,
            canexpire: optional(boolean),
            expires: text,
          }),
        ),
      ),
    ),
  ),
});

/**
 * The keys that `aws-iam-authenticator token --cache` has kept (iam.md §1.5), which are those before a role is taken.
 * Nothing is written there. What cannot be used is told, and is no reason to fail.
 */
export async function oldCacheKeys(wish: OldEntry, system: System): Promise<AwsKeys | undefined> {
  const path = oldCachePath(system);
  const refused = (reason: string): undefined => {
    system.log.say(`unable to use cache: ${reason}`);
    return undefined;
  };
  let content: Buffer;
  try {
    const found = await system.files.readWithFacts(path, LIMIT);
    if (system.uid !== undefined && (found.facts.mode & 0o077) !== 0)
      return refused(`cache file ${path} is not private`);
    ({ content } = found);
  } catch (error) {
    return systemCode(error) === "ENOENT" ? undefined : refused(messageOf(error));
  }
  try {
    const yaml = content.toString("utf8");
    const document = readPlainYaml(yaml) ?? (await import("yaml")).parse(yaml, { maxAliasCount: 0 });
    return keysOf(shape(document, ""), wish, system);
  } catch (error) {
    // The parser's own message would quote what stands there, and with it keys.
    return refused(`unable to parse file ${path}${error instanceof DecodeError ? `: ${error.message}` : ""}`);
  }
}

const oldCachePath = ({ env, home, platform }: System): string => {
  const path = platform === "win32" ? win32 : posix;
  const named = env["AWS_IAM_AUTHENTICATOR_CACHE_FILE"] ?? "";
  return named === ""
    ? path.join(home, ".kube", "cache", "aws-iam-authenticator", "credentials.yaml")
    : named;
};

const keysOf = (
  { clusters }: ReturnType<typeof shape>,
  { clusterId, profile, roleArn }: OldEntry,
  system: System,
): AwsKeys | undefined => {
  const entry = clusters
    ?.get(clusterId)
    ?.get(profile ?? "default")
    ?.get(roleArn ?? "");
  const { accesskeyid: id, secretaccesskey: secret, sessiontoken: session, expires } = entry ?? {};
  const end = Date.parse(expires ?? "");
  if (id === undefined || id === "" || secret === undefined || secret === "") return undefined;
  if (!isDate(end) || end <= system.now()) return undefined;
  return {
    keys: {
      accessKeyId: id,
      secretAccessKey: new Secret(secret),
      sessionToken: session === undefined || session === "" ? undefined : new Secret(session),
    },
    expiresAt: epochMillis(end),
  };
};
