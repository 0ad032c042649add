import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quietSystem } from "../../../test/api-server.ts";
import { isKnownError } from "../../base/errors.ts";
import { parseIni } from "./ini.ts";
import type { Plan } from "./plan.ts";
import { joinFiles, readSharedFiles, type SharedFiles } from "./profile-files.ts";
import { planOf } from "./profile.ts";

const files = (config: string, credentials = ""): SharedFiles => ({
  ...joinFiles(parseIni(config), parseIni(credentials)),
  configPath: "~/.aws/config",
  origins: [],
});

/** A plan on one line. */
const told = (plan: Plan): string => {
  switch (plan.kind) {
    case "keys": {
      const { accessKeyId, secretAccessKey, sessionToken } = plan.keys;
      return `${accessKeyId}/${secretAccessKey.reveal()}${sessionToken === undefined ? "" : `/${sessionToken.reveal()}`}`;
    }
    case "role": {
      const { arn, externalId, sessionName, mfaSerial, duration } = plan.role;
      const more = [externalId, sessionName, mfaSerial, duration].filter((each) => each !== undefined);
      return `${[arn, ...more].join(" ")} < ${told(plan.source)}`;
    }
    case "web-identity":
      return `${plan.roleArn} by ${plan.tokenFile} as ${plan.sessionName ?? "nobody"}`;
    case "process":
      return `run ${plan.command}`;
    case "sso":
      return `sso ${Object.values(plan.sso).join(" ")}`;
    case "environment":
    case "container":
    case "machine":
    case "surroundings":
      return plan.kind;
    default:
      return plan satisfies never;
  }
};

const KEYS = "aws_access_key_id=I\naws_secret_access_key=S\n";
const SSO = "sso_account_id=1\nsso_role_name=R\n";

describe("a profile", () => {
  test.each([
    ["keys", `[default]\n${KEYS}`, "default", "I/S"],
    ["keys with a session", `[profile a]\n${KEYS}aws_session_token=T`, "a", "I/S/T"],
    [
      "the word profile wins",
      `[default]\n${KEYS}[profile default]\nrole_arn=R\ncredential_source=Environment`,
      "default",
      "R < environment",
    ],
    ["keys and a role", `[default]\n${KEYS}role_arn=R`, "default", "R < I/S"],
    [
      "a role of another profile",
      `[profile b]\n${KEYS}[profile a]\nrole_arn=R\nsource_profile=b`,
      "a",
      "R < I/S",
    ],
    [
      "a role with all that belongs to it",
      `[profile b]\n${KEYS}[profile a]\nrole_arn=R\nsource_profile=b\nexternal_id=E\nrole_session_name=N\nmfa_serial=M\nduration_seconds=3600`,
      "a",
      "R E N M 3600 < I/S",
    ],
    [
      "a duration that Go takes for none",
      `[profile a]\n${KEYS}role_arn=R\nduration_seconds=900`,
      "a",
      "R < I/S",
    ],
    ["a duration that is no number", `[profile a]\n${KEYS}role_arn=R\nduration_seconds=1h`, "a", "R < I/S"],
    [
      "a role of a role",
      `[profile c]\n${KEYS}[profile b]\nrole_arn=B\nsource_profile=c\n[profile a]\nrole_arn=A\nsource_profile=b`,
      "a",
      "A < B < I/S",
    ],
    ["a role of itself", `[profile a]\n${KEYS}role_arn=R\nsource_profile=a`, "a", "R < I/S"],
    [
      "own keys count for nothing beside another profile",
      `[profile b]\naws_access_key_id=J\naws_secret_access_key=T\n[profile a]\n${KEYS}role_arn=R\nsource_profile=b`,
      "a",
      "R < J/T",
    ],
    ["the environment", "[profile a]\nrole_arn=R\ncredential_source=Environment", "a", "R < environment"],
    ["a container", "[profile a]\nrole_arn=R\ncredential_source=EcsContainer", "a", "R < container"],
    ["the machine", "[profile a]\nrole_arn=R\ncredential_source=Ec2InstanceMetadata", "a", "R < machine"],
    [
      "web identity",
      "[profile a]\nrole_arn=R\nweb_identity_token_file=/t\nrole_session_name=N",
      "a",
      "R by /t as N",
    ],
    ["a process", "[profile a]\ncredential_process = /bin/p --x 'y z'", "a", "run /bin/p --x 'y z'"],
    [
      "a role of a process",
      "[profile b]\ncredential_process = p\n[profile a]\nrole_arn=R\nsource_profile=b",
      "a",
      "R < run p",
    ],
    [
      "an SSO session",
      `[sso-session s]\nsso_region=r\nsso_start_url=u\n[profile a]\nsso_session=s\n${SSO}`,
      "a",
      "sso a s u r 1 R",
    ],
    ["SSO in the old form", `[profile a]\nsso_region=r\nsso_start_url=u\n${SSO}`, "a", "sso a  u r 1 R"],
    [
      "SSO before a process",
      `[profile a]\ncredential_process=p\nsso_region=r\nsso_start_url=u\n${SSO}`,
      "a",
      "sso a  u r 1 R",
    ],
    ["nothing", "[profile a]\nregion=r", "a", "surroundings"],
  ])("%s", (_name, config, name, expected) => {
    expect(told(planOf(name, files(config)))).toBe(expected);
  });

  test.each([
    ["is not there", "[a]\nregion=r", "failed to get shared config profile, a"],
    ["has half an access key", "[profile a]\naws_access_key_id=I", "partial credentials found for profile a"],
    ["has the other half", "[profile a]\naws_secret_access_key=S", "partial credentials found for profile a"],
    [
      "has a source and no role",
      "[profile a]\nsource_profile=b",
      "credential type source_profile requires role_arn, profile a",
    ],
    [
      "has a credential source and no role",
      "[profile a]\ncredential_source=Environment",
      "credential type credential_source requires role_arn, profile a",
    ],
    [
      "has a token file and no role",
      "[profile a]\nweb_identity_token_file=/t",
      "credential type web_identity_token_file requires role_arn, profile a",
    ],
    [
      "has two sources",
      "[profile a]\nrole_arn=R\nsource_profile=b\ncredential_source=Environment",
      "only one credential type may be specified per profile",
    ],
    [
      "signs in with aws login",
      "[profile a]\nlogin_session=arn:aws:iam::1:user/x",
      "profile a has login_session",
    ],
    [
      "leads to nobody",
      "[profile a]\nrole_arn=R\nsource_profile=b",
      "failed to load assume role R, of profile b, failed to get shared config profile, b",
    ],
    [
      "leads to nothing",
      "[profile b]\nregion=r\n[profile a]\nrole_arn=R\nsource_profile=b",
      "failed to load assume role R, of profile b, ",
    ],
    [
      "leads in a circle",
      "[profile a]\nrole_arn=A\nsource_profile=b\n[profile b]\nrole_arn=B\nsource_profile=a",
      "failed to load assume role B, of profile a, ",
    ],
    [
      "has a source that nobody knows",
      "[profile a]\nrole_arn=R\ncredential_source=Moon",
      "credential_source values must be EcsContainer, Ec2InstanceMetadata, or Environment",
    ],
    [
      "has an SSO session that is not there",
      `[profile a]\nsso_session=s\n${SSO}`,
      "failed to find SSO session section, s",
    ],
    [
      "lacks parts of SSO",
      "[profile a]\nsso_region=r\nsso_role_name=R",
      'profile "a" is configured to use SSO but is missing required configuration: sso_start_url, sso_account_id',
    ],
    [
      "contradicts its SSO session",
      `[sso-session s]\nsso_region=r\nsso_start_url=u\n[profile a]\nsso_session=s\nsso_region=q\n${SSO}`,
      'sso_region in profile "a" must match sso_region in sso-session',
    ],
  ])("that %s", (_name, config, message) => {
    expect(() => planOf("a", files(config))).toThrow(
      expect.toSatisfy((error) => isKnownError(error, "AWS_PROFILE") && error.message.startsWith(message)),
    );
  });
});

describe("the two files", () => {
  test("keys of the credentials file win, and access keys stay whole", () => {
    const both = files(
      `[profile a]\n${KEYS}aws_session_token=T\nregion=r`,
      "[a]\naws_access_key_id=J\naws_secret_access_key=U",
    );
    expect(told(planOf("a", both))).toBe("J/U");
    expect(both.profiles.get("a")?.values.get("region")).toBe("r");
  });

  test("half an access key is not made whole by the other file's half", () => {
    const both = files(`[profile a]\n${KEYS}`, "[a]\naws_access_key_id=J");
    expect(() => planOf("a", both)).toThrow("partial credentials");
  });

  test("the word profile belongs in one of them only", () => {
    const both = files(`[a]\n${KEYS}`, `[profile b]\n${KEYS}[c]\n${KEYS}`);
    expect([...both.profiles.keys()]).toEqual(["c"]);
  });

  test("are where the variables say, and need not be there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kauth-aws-"));
    try {
      const path = join(directory, "other");
      await writeFile(path, `[profile a]\n${KEYS}`);
      const system = quietSystem({ AWS_CONFIG_FILE: path, AWS_SHARED_CREDENTIALS_FILE: "~/none" });
      const read = await readSharedFiles({ ...system, home: directory });
      expect([...read.profiles.keys()]).toEqual(["a"]);
      expect(system.said).toEqual([]);
      const broken = quietSystem({ AWS_CONFIG_FILE: directory });
      expect((await readSharedFiles({ ...broken, home: directory })).profiles.size).toBe(0);
      expect(broken.said).toEqual([expect.stringContaining(`Cannot read "${directory}"`)]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
