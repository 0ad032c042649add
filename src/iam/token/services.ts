import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import { partitionOrAws } from "../partitions.ts";
import { stsEndpoint } from "./endpoint.ts";
import { knownRegion } from "./region.ts";
import { endpointUrl, type AwsSettings } from "./settings.ts";
import type { StsCall } from "./sts.ts";
import type { StsEndpoint } from "./token.ts";

/** Where AWS's services are asked. */
export interface AwsServices {
  readonly endpoint: StsEndpoint;
  /** STS with whom to trust. @throws {KnownError} AWS_CA_BUNDLE */
  sts(): Promise<StsCall>;
  /** The base URL of IAM Identity Center's two services in its own region, which need not be ours. */
  sso(service: "portal" | "oidc", region: string): URL;
  /** The file of the authorities that count; undefined: those that the system trusts. */
  readonly caPath: string | undefined;
  /** PEM of `AWS_CA_BUNDLE` or `ca_bundle`; undefined: whom the system trusts. @throws {KnownError} AWS_CA_BUNDLE */
  ca(): Promise<string | undefined>;
}

export interface ServicesWish {
  readonly region: string | undefined;
  readonly clusterId: string;
  readonly settings: AwsSettings;
  readonly signal: AbortSignal | undefined;
}

/** What the person has no region for is signed for this one, as the reference does it. */
const LAST_REGION = "us-east-1";
const CA_LIMIT = MiB(4);

/** @throws {KnownError} IAM_REGION, IAM_ENDPOINT */
export async function awsServices(
  { region: flag, clusterId, settings, signal }: ServicesWish,
  system: System,
): Promise<AwsServices> {
  const { env } = system;
  const region =
    knownRegion({ flag, env, profile: settings.region, clusterId }) ??
    (await machineRegionOr(system, signal));
  const endpoint = stsEndpoint({
    region,
    url: endpointUrl("sts", settings, env),
    fips: settings.fips,
    dualStack: settings.dualStack,
  });
  const ca = async (): Promise<string | undefined> => await bundle(settings.caBundle, system);
  return {
    endpoint,
    ca,
    caPath: settings.caBundle,
    sts: async () => ({ endpoint, system, signal, ca: await ca() }),
    sso: (service, ssoRegion) => ssoUrl(service, ssoRegion, settings, system),
  };
}

/** Named by the region's host, or as in the SDKs by `AWS_ENDPOINT_URL_SSO` and `AWS_ENDPOINT_URL_SSO_OIDC`. */
const ssoUrl = (service: "portal" | "oidc", region: string, settings: AwsSettings, { env }: System): URL => {
  const named = endpointUrl(service === "portal" ? "sso" : "sso_oidc", settings, env);
  if (named === undefined) {
    // With what STS's rules say of a region's name, which becomes part of a host here too.
    stsEndpoint({ region, url: undefined, fips: false, dualStack: false });
    const label = service === "portal" ? "portal.sso" : "oidc";
    return new URL(`https://${label}.${region}.${partitionOrAws(region).domain}/`);
  }
  const { scheme, host } = stsEndpoint({ region, url: named, fips: false, dualStack: false });
  return new URL(`${scheme}://${host}/`);
};

const machineRegionOr = async (system: System, signal: AbortSignal | undefined): Promise<string> => {
  const { machineRegion } = await import("./imds.ts");
  try {
    return await machineRegion(system, signal);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    system.log.verbose(
      1,
      `failed to get region from IMDS for token generation, defaulting to ${LAST_REGION}. imds error: ${error.message}`,
    );
    return LAST_REGION;
  }
};

const bundle = async (path: string | undefined, system: System): Promise<string | undefined> => {
  if (path === undefined) return undefined;
  try {
    return (await system.files.read(path, CA_LIMIT)).toString("utf8");
  } catch (error) {
    throw new KnownError("AWS_CA_BUNDLE", `Cannot read the authorities in "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
};
