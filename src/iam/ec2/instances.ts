import { cached } from "../../base/cached.ts";
import type { System } from "../../base/system.ts";
import { seconds } from "../../base/units.ts";
import { parseArn } from "../arn.ts";
import type { PrivateDnsName } from "../mapping/mapper.ts";
import { partitionOrAws } from "../partitions.ts";
import { keysOf, type ChainHands } from "../token/chain.ts";
import { stsEndpoint } from "../token/endpoint.ts";
import { firstPlan } from "../token/make.ts";
import type { AwsKeys } from "../token/plan.ts";
import { readSharedFiles } from "../token/profile-files.ts";
import { awsServices } from "../token/services.ts";
import { awsSettings, endpointUrl, profileNamed } from "../token/settings.ts";
import type { Pairs } from "../token/sigv4.ts";
import { assumeRole } from "../token/sts.ts";
import { describeInstances, type Ec2Endpoint } from "./describe.ts";
import { createInstanceNames } from "./instance-names.ts";

export interface InstanceWishes {
  readonly clusterId: string;
  /** Undefined: what the environment, the profile, the cluster's own name and the machine say, in this order. */
  readonly region: string | undefined;
  /** `server.ec2DescribeInstancesRoleARN`: assumed for an hour at a time. Undefined: the server's own keys. */
  readonly roleArn: string | undefined;
  /** `server.sourceARN`: who asks for that role, for its trust policy (`aws:SourceArn`, `aws:SourceAccount`). */
  readonly sourceArn: string | undefined;
  readonly qps: number | undefined;
  readonly burst: number | undefined;
}

const ROLE_LIFE = seconds(3600);
/** Keys that end while a question is under way are no good. */
const MARGIN = 5 * 60 * 1000;

/**
 * Names of EC2 instances by the server's own AWS keys. Nothing is looked for before the first instance is asked about.
 * @throws {KnownError} IAM_INSTANCE_FAILED, and those of finding keys
 */
export const ec2InstanceNames = (
  wishes: InstanceWishes,
  hands: ChainHands,
  system: System,
): PrivateDnsName => {
  const place = cached(async () => await placeOf(wishes, hands, system));
  const keys = cached(async () => await (await place.get()).keys(), {
    fresh: ({ expiresAt }: AwsKeys) => expiresAt === undefined || expiresAt - system.now() > MARGIN,
  });
  return createInstanceNames({
    ...wishes,
    system,
    ask: async (ids) =>
      await describeInstances(ids, (await place.get()).endpoint, (await keys.get()).keys, system),
  });
};

interface Place {
  readonly endpoint: Ec2Endpoint;
  readonly keys: () => Promise<AwsKeys>;
}

const placeOf = async (wishes: InstanceWishes, hands: ChainHands, system: System): Promise<Place> => {
  const { clusterId, region: wished, roleArn, sourceArn } = wishes;
  const files = await readSharedFiles(system);
  const profile = profileNamed(undefined, system.env);
  const settings = awsSettings(profile, system.env, files);
  const services = await awsServices({ region: wished, clusterId, settings, signal: undefined }, system);
  const region = services.endpoint.signingRegion;
  const url = endpointUrl("ec2", settings, system.env);
  const own = async (): Promise<AwsKeys> =>
    await keysOf(firstPlan(undefined, profile, files, system), {
      services,
      hands,
      system,
      signal: undefined,
      keeper: undefined,
      origins: files.origins,
    });
  return {
    endpoint: {
      ...(url === undefined
        ? { scheme: "https", host: `ec2.${region}.${partitionOrAws(region).domain}` }
        : stsEndpoint({ region, url, fips: false, dualStack: false })),
      region,
      ca: await services.ca(),
    },
    keys: async () => {
      if (roleArn === undefined) return await own();
      const call = { ...(await services.sts()), headers: sourceHeaders(sourceArn) };
      return await assumeRole(describing(roleArn), (await own()).keys, call);
    },
  };
};

const describing = (arn: string): Parameters<typeof assumeRole>[0] => ({
  arn,
  externalId: undefined,
  sessionName: undefined,
  mfaSerial: undefined,
  duration: ROLE_LIFE,
  tags: [],
  transitiveTags: [],
  sourceIdentity: undefined,
});

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
const sourceHeaders = (sourceArn: string | undefined): Pairs => {
  if (sourceArn === undefined) return [];
  const arn = parseArn(sourceArn);
  const account = typeof arn === "string" ? "" : arn.account;
  return [
    ["x-amz-source-account", account],
    ["x-amz-source-arn", sourceArn],
  ];
};
