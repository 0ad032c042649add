import { KnownError } from "../../base/errors.ts";
import {
  GLOBAL_HOST,
  GLOBAL_REGION,
  GLOBAL_SIGNING_REGION,
  isRegionName,
  partitionOrAws,
  stsHost,
  type HostKind,
} from "../partitions.ts";
import type { StsEndpoint } from "./token.ts";

export interface EndpointWish extends HostKind {
  readonly region: string;
  /** A URL that the person names instead (`AWS_ENDPOINT_URL_STS`). */
  readonly url: string | undefined;
}

/**
 * Where STS is asked for a region: always the region's own host, as in the SDKs of Go.
 * @throws {KnownError} IAM_REGION, IAM_ENDPOINT
 */
export function stsEndpoint({ region, url, ...kind }: EndpointWish): StsEndpoint {
  if (!isRegionName(region))
    throw new KnownError(
      "IAM_REGION",
      `Cannot use region ${JSON.stringify(region)}: it must be a name such as us-east-1`,
    );
  const global = region === GLOBAL_REGION;
  const signingRegion = global ? GLOBAL_SIGNING_REGION : region;
  if (url !== undefined) return { ...named(url, kind), signingRegion };
  if (!global) return { scheme: "https", host: stsHost(region, partitionOrAws(region), kind), signingRegion };
  if (kind.fips || kind.dualStack)
    throw new KnownError(
      "IAM_REGION",
      `Cannot use region "${GLOBAL_REGION}": the host of no region answers neither by FIPS nor by dual stack`,
    );
  return { scheme: "https", host: GLOBAL_HOST, signingRegion };
}

const named = (text: string, { fips, dualStack }: HostKind): Omit<StsEndpoint, "signingRegion"> => {
  const wrong = (reason: string): KnownError =>
    new KnownError("IAM_ENDPOINT", `Cannot use the endpoint ${JSON.stringify(text)} of STS: ${reason}`);
  // The words of the SDKs' endpoint rules.
  if (fips) throw wrong("Invalid Configuration: FIPS and custom endpoint are not supported");
  if (dualStack) throw wrong("Invalid Configuration: Dualstack and custom endpoint are not supported");
  if (!URL.canParse(text)) throw wrong("it is no URL");
  const url = new URL(text);
  const scheme = url.protocol === "https:" ? "https" : url.protocol === "http:" ? "http" : undefined;
  if (scheme === undefined) throw wrong("it must begin with https:// or http://");
  if (url.username !== "" || url.password !== "") throw wrong("it must not hold a name or a password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw wrong("it must end after the host");
  return { scheme, host: url.host };
};
