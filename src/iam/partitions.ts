/**
 * What is known of AWS's partitions, as data: names, domains, the form of their regions, and where STS answers.
 * @see the partitions.json of AWS's SDKs, and STS's endpoint rules (`sts/2011-06-15/endpoint-rule-set-1.json` of botocore)
 */
export interface Partition {
  /** As in ARNs: `arn:aws-cn:…`. */
  readonly name: PartitionName;
  readonly domain: string;
  /** Of hosts that answer over IPv4 and IPv6. */
  readonly dualStackDomain: string;
  /** The SDKs' pattern, but for `_`, which no host name has. */
  readonly region: RegExp;
  /** The first label of STS's FIPS hosts. */
  readonly fipsLabel: "sts" | "sts-fips";
}

export type PartitionName = (typeof NAMES)[number];

const NAMES = [
  "aws",
  "aws-cn",
  "aws-us-gov",
  "aws-iso",
  "aws-iso-b",
  "aws-iso-e",
  "aws-iso-f",
  "aws-eusc",
] as const;

const partition = (
  name: PartitionName,
  region: RegExp,
  domain: string,
  dualStackDomain: string,
): Partition => ({
  name,
  region,
  domain,
  dualStackDomain,
  // GovCloud's plain hosts are FIPS hosts.
  fipsLabel: name === "aws-us-gov" ? "sts" : "sts-fips",
});

const AWS = partition("aws", /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z0-9]+-\d+$/, "amazonaws.com", "api.aws");

export const PARTITIONS: readonly Partition[] = [
  AWS,
  partition("aws-cn", /^cn-[a-z0-9]+-\d+$/, "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
  partition("aws-us-gov", /^us-gov-[a-z0-9]+-\d+$/, "amazonaws.com", "api.aws"),
  partition("aws-iso", /^us-iso-[a-z0-9]+-\d+$/, "c2s.ic.gov", "api.aws.ic.gov"),
  partition("aws-iso-b", /^us-isob-[a-z0-9]+-\d+$/, "sc2s.sgov.gov", "api.aws.scloud"),
  partition("aws-iso-e", /^eu-isoe-[a-z0-9]+-\d+$/, "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
  partition("aws-iso-f", /^us-isof-[a-z0-9]+-\d+$/, "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
  partition("aws-eusc", /^eusc-de-[a-z0-9]+-\d+$/, "amazonaws.eu", "api.amazonwebservices.eu"),
];

export const partitionNamed = (name: string): Partition | undefined =>
  PARTITIONS.find((each) => each.name === name);

/** The partition that a region's name belongs to; undefined for a form that none has. */
export const partitionOf = (region: string): Partition | undefined =>
  PARTITIONS.find((each) => each.region.test(region));

/** STS's oldest host, which has no region; the region that its requests are signed for. Of partition `aws` only. */
export const GLOBAL_HOST = "sts.amazonaws.com";
export const GLOBAL_SIGNING_REGION = "us-east-1";
/** The name of no region by which the SDKs mean `GLOBAL_HOST`. */
export const GLOBAL_REGION = "aws-global";

/** One label of a host name: a region is nothing else, so that it cannot lead elsewhere. */
export const isRegionName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

export interface HostKind {
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** Where STS answers for a region, by the endpoint rules. `region` is a label, see `isRegionName`. */
export const stsHost = (region: string, partition: Partition, { fips, dualStack }: HostKind): string => {
  // The rules know GovCloud's plain label for IPv4 hosts only.
  const label = fips ? (dualStack ? "sts-fips" : partition.fipsLabel) : "sts";
  return `${label}.${region}.${dualStack ? partition.dualStackDomain : partition.domain}`;
};

/** Every host at which STS answers for a region. */
export const stsHosts = (region: string, partition: Partition): readonly string[] => [
  ...new Set(
    [false, true].flatMap((dualStack) =>
      [false, true].map((fips) => stsHost(region, partition, { fips, dualStack })),
    ),
  ),
];

/** A region of a form that is not known yet is one of `aws`, as the SDKs have it. */
export const partitionOrAws = (region: string): Partition => partitionOf(region) ?? AWS;
