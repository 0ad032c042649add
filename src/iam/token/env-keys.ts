import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { Plan } from "./plan.ts";
import type { SigningKeys } from "./sigv4.ts";

/** The first that is not empty. */
const first = (env: System["env"], names: readonly string[]): string | undefined =>
  names.map((name) => env[name]).find((value) => value !== undefined && value !== "");

/** The access key in the environment; half of one counts for nothing, as in the SDK for Go. */
export function environmentKeys(env: System["env"]): SigningKeys | undefined {
  const id = first(env, ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
  const secret = first(env, ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
  if (id === undefined || secret === undefined) return undefined;
  const session = first(env, ["AWS_SESSION_TOKEN"]);
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    sessionToken: session === undefined ? undefined : new Secret(session),
  };
}

/** What the environment says before any file is read; undefined where a profile decides. */
export function environmentPlan(env: System["env"]): Plan | undefined {
  const keys = environmentKeys(env);
  if (keys !== undefined) return { kind: "keys", keys, from: "the environment" };
  const tokenFile = first(env, ["AWS_WEB_IDENTITY_TOKEN_FILE"]);
  if (tokenFile === undefined) return undefined;
  return {
    kind: "web-identity",
    tokenFile,
    roleArn: first(env, ["AWS_ROLE_ARN"]) ?? "",
    sessionName: first(env, ["AWS_ROLE_SESSION_NAME"]),
  };
}
