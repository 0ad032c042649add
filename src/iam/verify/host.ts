import { GLOBAL_HOST, GLOBAL_SIGNING_REGION, stsHosts, type Partition } from "../partitions.ts";
import { quote, shown } from "./quote.ts";

/** Which STS hosts may be asked. */
export interface HostSettings {
  readonly partition: Partition;
  /** The region that the server stands in, as its administrator says; its host is good whatever the region's name. */
  readonly region?: string | undefined;
}

/**
 * Names as AWS gives them, those to come too. It has an end, so that nobody makes up hosts without one: each accepted
 * host may become a connection and a label before anybody is known (security.md R-L2).
 */
const BOUNDED =
  /^[a-z]{2,4}(?:-[a-z]{2,4})?-(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-[1-9]$/;
const REGION = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

/** The region that a host name speaks of, or why there is none, in the reference's words (iam.md §2.2). */
const hostRegion = (host: string): { readonly region: string } | string => {
  if (host === "") return "host is empty";
  const labels = host.split(".");
  if (labels.length < 3) return `invalid host format: ${shown(host)}`;
  return { region: host === GLOBAL_HOST ? "global" : (labels[1] ?? "") };
};

/**
 * The region whose signatures a host takes. Only for a host without a fault.
 * @see https://docs.aws.amazon.com/general/latest/gr/sts.html the global host is in us-east-1
 */
export const signingRegion = (host: string): string =>
  host === GLOBAL_HOST ? GLOBAL_SIGNING_REGION : (host.split(".")[1] ?? "");

/**
 * Why a host is not asked; undefined for one of the partition's. They are finitely many, where the reference
 * takes any label (its defect D13).
 */
export const hostFault = (host: string, settings: HostSettings): string | undefined => {
  const { partition, region: own } = settings;
  const found = hostRegion(host);
  if (typeof found === "string") return `could not parse region for pre-signed URL ${shown(host)}, ${found}`;
  const { region } = found;
  if (region === "global")
    return partition.name === "aws"
      ? undefined
      : `global endpoint unsupported in partition ${partition.name}`;
  if (!REGION.test(region)) return `invalid region identifier format provided: ${shown(region)}`;
  const known = (partition.region.test(region) && BOUNDED.test(region)) || region === own;
  if (known && stsHosts(region, partition).includes(host)) return undefined;
  return `unexpected hostname ${quote(host)} in pre-signed URL`;
};
