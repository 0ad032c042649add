import type { System } from "../../base/system.ts";
import { epochMillis } from "../../base/units.ts";
import { keysOf, type Chain, type ChainHands } from "./chain.ts";
import { environmentPlan } from "./env-keys.ts";
import type { Keeper, KeeperWish } from "./keeper.ts";
import { isExpensive, type AwsKeys, type Plan, type RoleWish } from "./plan.ts";
import { planOf } from "./profile.ts";
import { readSharedFiles, type SharedFiles } from "./profile-files.ts";
import { awsServices, type AwsServices } from "./services.ts";
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
  /** Keeps what took another machine, another program or a person, and the token, until they end. */
  readonly cache: boolean;
  /** Looks first into the file of aws-iam-authenticator's own cache. */
  readonly oldCache: boolean;
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
  const { clusterId, region, role } = wish;
  const services = await awsServices({ region, clusterId, settings, signal }, system);
  const base =
    (wish.oldCache ? await oldPlan(wish, profile, system) : undefined) ??
    firstPlan(wish.profile, profile, files, system);
  const plan: Plan =
    role === undefined ? base : { kind: "role", role, source: base, forward: wish.forwardSessionName };
  const keeper = await keeperFor({ plan, wish, services, profile, signal }, system);
  const chain: Chain = { services, hands, system, signal, keeper, origins: files.origins };
  const sign = async (): Promise<IamToken> => signed(wish, await keysOf(plan, chain), services, system);
  return keeper === undefined ? await sign() : await keeper.token(plan, clusterId, sign);
}

const oldPlan = async (
  { clusterId, role }: IamTokenWish,
  profile: string | undefined,
  system: System,
): Promise<Plan | undefined> => {
  const { oldCacheKeys } = await import("./old-cache.ts");
  const found = await oldCacheKeys({ clusterId, profile, roleArn: role?.arn }, system);
  if (found === undefined) return undefined;
  const { keys, expiresAt } = found;
  return { kind: "keys", keys, from: "the old cache", ...(expiresAt === undefined ? {} : { expiresAt }) };
};

const signed = (
  { clusterId }: IamTokenWish,
  { keys, expiresAt: end }: AwsKeys,
  { endpoint }: AwsServices,
  system: System,
): IamToken => {
  const made = mintToken({ clusterId, endpoint, keys, now: system.now() });
  const { length } = made.token.reveal();
  if (length > TOKEN_LIMIT)
    system.log.warn(
      `This token has ${length} bytes, and servers take ${TOKEN_LIMIT} at most: the session has too many tags, or the cluster's id is too long`,
    );
  // STS takes no signature of keys whose time is over.
  return end === undefined ? made : { ...made, expiresAt: epochMillis(Math.min(made.expiresAt, end)) };
};

interface Keepable extends Pick<KeeperWish, "services" | "profile" | "signal"> {
  readonly plan: Plan;
  readonly wish: IamTokenWish;
}

/** Loaded only where there is something to keep. */
const keeperFor = async ({ plan, wish, ...rest }: Keepable, system: System): Promise<Keeper | undefined> => {
  if (!wish.cache || !isExpensive(plan)) return undefined;
  const [{ openIamCache }, { keeperOf }] = await Promise.all([import("./cache.ts"), import("./keeper.ts")]);
  const cache = await openIamCache(system);
  return cache === undefined ? undefined : keeperOf({ ...rest, cache }, system);
};

/** What a person names beats what they happen to have set, and that beats what they once wrote down. */
export const firstPlan = (
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
