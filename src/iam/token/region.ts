import { object, parseJson, string } from "../../base/decode.ts";
import { PARTITIONS, type Partition } from "../partitions.ts";

export interface RegionHints {
  /** `--region` */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the profile in use. */
  readonly profile: string | undefined;
  /** Where it is an ARN it says the region. */
  readonly clusterId: string;
}

/**
 * The region that somebody named, or that the cluster's own name or address says; undefined where nobody says any.
 * Whether it is a name of a region is for `stsEndpoint` to say.
 */
export function knownRegion({ flag, env, profile, clusterId }: RegionHints): string | undefined {
  const named = [flag, env["AWS_REGION"], env["AWS_DEFAULT_REGION"], profile];
  return (
    named.find((each) => each !== undefined && each !== "") ??
    regionOfArn(clusterId) ??
    regionOfExecInfo(env["KUBERNETES_EXEC_INFO"] ?? "")
  );
}

/** `arn:aws:eks:eu-west-1:111122223333:cluster/name`, as `aws eks update-kubeconfig` calls clusters. */
const regionOfArn = (text: string): string | undefined => {
  const [, name = "", region = ""] = /^arn:([a-z-]+):eks:([a-z0-9-]+):\d{12}:cluster\//.exec(text) ?? [];
  const partition = PARTITIONS.find((each) => each.name === name);
  return partition?.region.test(region) === true ? region : undefined;
};

const execInfoShape = object({ spec: object({ cluster: object({ server: string }) }) });

/** What kubectl tells a plugin of its cluster, where the kubeconfig says `provideClusterInfo`. */
const regionOfExecInfo = (text: string): string | undefined => {
  let server: string;
  try {
    ({ server } = execInfoShape(parseJson(text), "").spec.cluster);
  } catch {
    // Another program's text, which need not be there at all: it is a hint and no more.
    return undefined;
  }
  return URL.canParse(server) ? regionOfHost(new URL(server).hostname) : undefined;
};

/** `ID.gr7.eu-west-1.eks.amazonaws.com`, and others below the domains of the region's own partition. */
const regionOfHost = (host: string): string | undefined => {
  const found = PARTITIONS.flatMap((partition) =>
    domainsOf(partition)
      .filter((domain) => host.endsWith(`.${domain}`))
      .flatMap((domain) => host.slice(0, -domain.length - 1).split("."))
      .filter((label) => partition.region.test(label)),
  );
  return found.length === 1 ? found[0] : undefined;
};

const domainsOf = ({ domain, dualStackDomain }: Partition): readonly string[] => [domain, dualStackDomain];
