import type { System } from "../../base/system.ts";
import { epochMillis } from "../../base/units.ts";
import { keysOf, roleKeys, type Chain, type ChainHands } from "./chain.ts";
import { environmentPlan } from "./env-keys.ts";
import type { AwsKeys, Plan, RoleWish } from "./plan.ts";
import { planOf } from "./profile.ts";
import { readSharedFiles, type SharedFiles } from "./profile-files.ts";
import { awsServices } from "./services.ts";
import { awsSettings, profileNamed } from "./settings.ts";
import { mintToken, TOKEN_LIMIT, type IamToken } from "./token.ts";

/** Whose token, and for which cluster. */
export interface IamTokenWish {
  readonly clusterId: string;
  /** Undefined: what the environment, the profile, the cluster's own name and the machine say, in this order. */
  readonly region: string | undefined;
  /** Before keys in the environment. Undefined: after them the one of `AWS_PROFILE`, else `default`. */
  readonly profile: string | undefined;
  /** Assumed with the keys that were found. */
  readonly role: RoleWish | undefined;
  /** The role's session is named as the session of the keys is. */
  readonly forwardSessionName: boolean;
}

/**
 * A token for a cluster that knows people by AWS IAM: finds their keys as AWS's SDKs do, and signs.
 * @throws {KnownError} IAM_CLUSTER_ID, IAM_REGION, IAM_ENDPOINT, AWS_PROFILE and those of `keysOf`
 */
export async function makeToken(
  wish: IamTokenWish,
  hands: ChainHands,
  system: System,
  signal?: AbortSignal,
): Promise<IamToken> {
  const files = await readSharedFiles(system);
  const profile = profileNamed(wish.profile, system.env);
  const settings = awsSettings(profile, system.env, files);
  const { clusterId, region } = wish;
  const services = await awsServices({ region, clusterId, settings, signal }, system);
  const chain: Chain = { services, hands, system, signal, origins: files.origins };
  const base = await keysOf(firstPlan(wish.profile, profile, files, system), chain);
  const { keys, expiresAt: end } =
    wish.role === undefined ? base : await ofRole(wish.role, wish, base, chain);
  const made = mintToken({ clusterId, endpoint: services.endpoint, keys, now: system.now() });
  const { length } = made.token.reveal();
  if (length > TOKEN_LIMIT)
    system.log.warn(
      `This token has ${length} bytes, and servers take ${TOKEN_LIMIT} at most: the session has too many tags, or the cluster's id is too long`,
    );
  // STS takes no signature of keys whose time is over.
  return end === undefined ? made : { ...made, expiresAt: epochMillis(Math.min(made.expiresAt, end)) };
}

/** What a person names beats what they happen to have set, and that beats what they once wrote down. */
const firstPlan = (
  flag: string | undefined,
  profile: string | undefined,
  files: SharedFiles,
  { env }: System,
): Plan => {
  const given = flag === undefined || flag === "" ? environmentPlan(env) : undefined;
  if (given !== undefined) return given;
  // Nobody has named it: it need not be there.
  if (profile === undefined && !files.profiles.has("default")) return { kind: "surroundings" };
  return planOf(profile ?? "default", files);
};

const ofRole = async (role: RoleWish, wish: IamTokenWish, base: AwsKeys, chain: Chain): Promise<AwsKeys> => {
  if (!wish.forwardSessionName) return await roleKeys(role, base.keys, chain);
  const { callerUserId } = await import("./sts.ts");
  const [, session, more] = (await callerUserId(base.keys, await chain.services.sts())).split(":");
  return await roleKeys(
    session === undefined || more !== undefined ? role : { ...role, sessionName: session },
    base.keys,
    chain,
  );
};
