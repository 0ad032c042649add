import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { seconds, type Seconds } from "../../base/units.ts";
import type { IniSection } from "./ini.ts";
import type { Plan, RoleWish, SsoWish } from "./plan.ts";
import type { SharedFiles } from "./profile-files.ts";
import type { SigningKeys } from "./sigv4.ts";

/**
 * What a profile says about keys, in the order of the SDK for Go (`config/shared_config.go`, `resolve_credentials.go`); the
 * first line of a complaint is its text.
 * @throws {KnownError} AWS_PROFILE
 */
export function planOf(name: string, files: SharedFiles): Plan {
  const section = files.profiles.get(name);
  if (section === undefined) throw wrong(files, `failed to get shared config profile, ${name}`);
  return plan({ name, section }, [], files);
}

interface Profile {
  readonly name: string;
  readonly section: IniSection;
}

/** What may stand beside a role as the one source of its keys. */
const SOURCES = [
  "source_profile",
  "credential_source",
  "credential_process",
  "web_identity_token_file",
] as const;

/** @param above the profiles whose `source_profile` led here */
const plan = (profile: Profile, above: readonly string[], files: SharedFiles): Plan => {
  const { name, section } = profile;
  const again = above.includes(name);
  const value = (key: string): string => section.values.get(key) ?? "";
  const keys = accessKey(profile, files);
  const roleArn = again ? "" : value("role_arn");
  const withRole = (source: Plan): Plan =>
    roleArn === "" ? source : { kind: "role", role: roleOf(section, roleArn), source };
  const fromKeys = (found: SigningKeys): Plan => ({ kind: "keys", keys: found, from: `profile ${name}` });

  const source = again ? "" : value("source_profile");
  if (!again) {
    const needsRole = ["source_profile", "credential_source", "web_identity_token_file"].find(
      (key) => value(key) !== "",
    );
    if (needsRole !== undefined && roleArn === "")
      throw wrong(files, `credential type ${needsRole} requires role_arn, profile ${name}`);
  }
  // A profile that others lead to gives its own keys, if it has some.
  if (above.length > 0 && keys !== undefined) return withRole(fromKeys(keys));
  const given = SOURCES.filter((key) => (key === "source_profile" ? source : value(key)) !== "");
  if (given.length > 1)
    throw wrong(
      files,
      "only one credential type may be specified per profile: source profile, credential source, credential process, web identity token",
      `Profile "${name}" has ${given.join(" and ")}`,
    );
  if (source !== "") {
    const below = files.profiles.get(source);
    const broken = (reason: string): KnownError =>
      wrong(files, `failed to load assume role ${roleArn}, of profile ${source}, ${reason}`);
    if (below === undefined) throw broken(`failed to get shared config profile, ${source}`);
    const found = plan({ name: source, section: below }, [...above, name], files);
    if (found.kind === "surroundings") throw broken("it says nothing of credentials");
    return withRole(found);
  }
  if (keys !== undefined) return withRole(fromKeys(keys));
  if (value("credential_source") !== "")
    return withRole({ kind: credentialSource(value("credential_source"), files) });
  if (value("web_identity_token_file") !== "")
    return {
      kind: "web-identity",
      roleArn,
      tokenFile: value("web_identity_token_file"),
      sessionName: orUndefined(value("role_session_name")),
    };
  const sso = ssoOf(profile, files);
  if (sso !== undefined) return withRole({ kind: "sso", sso });
  if (value("credential_process") !== "")
    return withRole({ kind: "process", command: value("credential_process"), profile: name });
  // The machine's keys would be somebody else's.
  if (value("login_session") !== "")
    throw wrong(
      files,
      `profile ${name} has login_session, which kauth does not know`,
      `Another profile can ask the AWS CLI: credential_process = aws configure export-credentials --profile ${name} --format process`,
    );
  return withRole({ kind: "surroundings" });
};

const orUndefined = (text: string): string | undefined => (text === "" ? undefined : text);

const accessKey = ({ name, section }: Profile, files: SharedFiles): SigningKeys | undefined => {
  const { values } = section;
  if (values.has("aws_access_key_id") !== values.has("aws_secret_access_key"))
    throw wrong(files, `partial credentials found for profile ${name}`);
  const id = values.get("aws_access_key_id") ?? "";
  const secret = values.get("aws_secret_access_key") ?? "";
  const session = values.get("aws_session_token") ?? "";
  if (id === "" || secret === "") return undefined;
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    sessionToken: session === "" ? undefined : new Secret(session),
  };
};

/** Go takes a duration only from 16 minutes on. */
const SHORTEST = 16 * 60;

const roleOf = ({ values }: IniSection, arn: string): RoleWish => {
  const value = (key: string): string | undefined => orUndefined(values.get(key) ?? "");
  return {
    arn,
    externalId: value("external_id"),
    sessionName: value("role_session_name"),
    mfaSerial: value("mfa_serial"),
    duration: durationOf(value("duration_seconds") ?? ""),
    tags: [],
    transitiveTags: [],
    sourceIdentity: undefined,
  };
};

const durationOf = (text: string): Seconds | undefined =>
  /^\d{1,6}$/.test(text) && Number(text) >= SHORTEST ? seconds(Number(text)) : undefined;

const credentialSource = (name: string, files: SharedFiles): "environment" | "container" | "machine" => {
  if (name === "Environment") return "environment";
  if (name === "EcsContainer") return "container";
  if (name === "Ec2InstanceMetadata") return "machine";
  throw wrong(
    files,
    "credential_source values must be EcsContainer, Ec2InstanceMetadata, or Environment",
    `It is ${JSON.stringify(name)}`,
  );
};

const SSO_KEYS = ["sso_region", "sso_start_url", "sso_account_id", "sso_role_name"] as const;

const ssoOf = ({ name, section }: Profile, files: SharedFiles): SsoWish | undefined => {
  const own = (key: string): string => section.values.get(key) ?? "";
  const session = orUndefined(own("sso_session").trim());
  if (session === undefined && SSO_KEYS.every((key) => own(key) === "")) return undefined;
  const shared = session === undefined ? section : files.ssoSessions.get(session);
  if (shared === undefined) throw wrong(files, `failed to find SSO session section, ${session ?? ""}`);
  const of = (key: string): string => shared.values.get(key) ?? "";
  const missing = SSO_KEYS.filter(
    (key) => (key === "sso_region" || key === "sso_start_url" ? of(key) : own(key)) === "",
  );
  if (missing.length > 0)
    throw wrong(
      files,
      `profile "${name}" is configured to use SSO but is missing required configuration: ${missing.join(", ")}`,
    );
  for (const key of ["sso_region", "sso_start_url"] as const)
    if (own(key) !== "" && own(key) !== of(key))
      throw wrong(files, `${key} in profile "${name}" must match ${key} in sso-session`);
  return {
    profile: name,
    session,
    startUrl: of("sso_start_url"),
    region: of("sso_region"),
    accountId: own("sso_account_id"),
    roleName: own("sso_role_name"),
  };
};

const wrong = (files: SharedFiles, text: string, more?: string): KnownError =>
  new KnownError("AWS_PROFILE", more === undefined ? text : `${text}\n${more}`, {
    hint: `Correct the profile in ${files.configPath}, or name another one with AWS_PROFILE`,
  });
