import { messageOf } from "../../base/errors.ts";
import { keyDigest, type KeyPart } from "../../base/key-digest.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB } from "../../base/units.ts";
import type { Plan, RoleWish } from "./plan.ts";
import type { AwsServices } from "./services.ts";
import type { SigningKeys } from "./sigv4.ts";
import type { StsEndpoint } from "./token.ts";

/** Changed when the meaning of an entry changes: old entries are then found no more. */
const VERSION = "kauth-iam-1";
const TOKEN_FILE_LIMIT = KiB(64);

/** The name of what a plan gives: all that decides which keys these are (security.md R-K5). */
export async function planKey(
  plan: Plan,
  services: Pick<AwsServices, "endpoint" | "caPath" | "sso">,
  system: System,
): Promise<string> {
  return keyDigest([
    VERSION,
    "keys",
    placeOf(services.endpoint),
    services.caPath,
    await partsOf(plan, services, system),
  ]);
}

/** The name of a token that is signed with the keys of a plan. */
export const tokenKey = (keysName: string, clusterId: string, endpoint: StsEndpoint): string =>
  keyDigest([VERSION, "token", keysName, clusterId, placeOf(endpoint)]);

const placeOf = ({ scheme, host, signingRegion }: StsEndpoint): KeyPart => [scheme, host, signingRegion];

/** Of what a container's or a machine's keys depend on. */
const SURROUNDINGS = [
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
] as const;

const partsOf = async (plan: Plan, services: Pick<AwsServices, "sso">, system: System): Promise<KeyPart> => {
  switch (plan.kind) {
    case "keys":
      return ["keys", ...keyParts(plan.keys)];
    case "role":
      return [
        "role",
        roleParts(plan.role),
        plan.forward === true,
        await partsOf(plan.source, services, system),
      ];
    case "web-identity":
      return [
        "web-identity",
        plan.roleArn,
        plan.sessionName,
        plan.tokenFile,
        await contentOf(plan.tokenFile, system),
      ];
    case "process":
      return ["process", plan.command, plan.profile];
    case "sso": {
      const { session, startUrl, region, accountId, roleName } = plan.sso;
      return ["sso", session, startUrl, region, accountId, roleName, services.sso("portal", region).href];
    }
    case "environment":
    case "container":
    case "machine":
    case "surroundings": {
      const { env } = system;
      const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", ...SURROUNDINGS];
      return [plan.kind, ...names.map((name) => env[name])];
    }
    default:
      return plan satisfies never;
  }
};

const keyParts = ({ accessKeyId, secretAccessKey, sessionToken }: SigningKeys): readonly KeyPart[] => {
  const text = (secret: Secret | undefined): string | undefined => secret?.reveal();
  return [accessKeyId, text(secretAccessKey), text(sessionToken)];
};

const roleParts = (role: RoleWish): KeyPart => [
  role.arn,
  role.externalId,
  role.sessionName,
  role.mfaSerial,
  role.duration === undefined ? undefined : String(role.duration),
  role.tags.map((pair) => [...pair]),
  role.transitiveTags,
  role.sourceIdentity,
];

/** Another token in the file is another identity; that it cannot be read is told when it is used. */
const contentOf = async (path: string, system: System): Promise<string> => {
  try {
    return (await system.files.read(path, TOKEN_FILE_LIMIT)).toString("utf8");
  } catch (error) {
    return messageOf(error);
  }
};
