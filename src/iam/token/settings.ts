import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { HostKind } from "../partitions.ts";
import type { IniSection } from "./ini.ts";
import type { SharedFiles } from "./profile-files.ts";

/** What the environment and the profile in use say of services, other than of keys. */
export interface AwsSettings extends HostKind {
  /** Of the profile; the environment's are for `knownRegion`. */
  readonly region: string | undefined;
  /** `true` where endpoints of one's own do not count. */
  readonly ignoreUrls: boolean;
  /** PEM file whose authorities count instead of the system's. */
  readonly caBundle: string | undefined;
  readonly section: IniSection | undefined;
  readonly services: IniSection | undefined;
}

/** The name of the profile that counts; undefined where nobody names one, and `default` counts if it is there. */
export const profileNamed = (flag: string | undefined, env: System["env"]): string | undefined =>
  [flag, env["AWS_PROFILE"], env["AWS_DEFAULT_PROFILE"]].find((each) => each !== undefined && each !== "");

/**
 * The environment's word, else the profile's, as in the SDKs.
 * @throws {KnownError} AWS_PROFILE
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
export function awsSettings(
  profile: string | undefined,
  env: System["env"],
  files: SharedFiles,
): AwsSettings {
  const section = files.profiles.get(profile ?? "default");
  const value = (variable: string, key: string): string =>
    [env[variable], section?.values.get(key)].find((each) => each !== undefined && each !== "") ?? "";
  const flag = (variable: string, key: string): boolean =>
    isOn(value(variable, key), `${variable} or ${key}`);
  const services = section?.values.get("services") ?? "";
  return {
    region: section?.values.get("region"),
    fips: flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
    dualStack: flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
    ignoreUrls: flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"),
    caBundle: value("AWS_CA_BUNDLE", "ca_bundle") || undefined,
    section,
    services: services === "" ? undefined : files.services.get(services),
  };
}

const isOn = (text: string, what: string): boolean => {
  if (/^true$/i.test(text)) return true;
  if (text === "" || /^false$/i.test(text)) return false;
  throw new KnownError(
    "AWS_PROFILE",
    `Cannot use ${JSON.stringify(text)} of ${what}: it must be true or false`,
  );
};

/**
 * The URL that somebody names for a service: the environment before the profile, and the service before all services.
 * @param service as variables and `services` sections write it, e.g. `sts`, `sso_oidc`
 */
export function endpointUrl(
  service: string,
  { ignoreUrls, section, services }: AwsSettings,
  env: System["env"],
): string | undefined {
  if (ignoreUrls) return undefined;
  return [
    env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`],
    env["AWS_ENDPOINT_URL"],
    services?.nested.get(service)?.get("endpoint_url"),
    section?.values.get("endpoint_url"),
  ].find((each) => each !== undefined && each !== "");
}
