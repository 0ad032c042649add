import type { System } from "../../base/system.ts";
import { stsEndpoint } from "./endpoint.ts";
import { environmentKeys } from "./env-keys.ts";
import { execCredential, execVersion } from "./exec-credential.ts";
import { readSharedFiles } from "./profile-files.ts";
import { awsSettings, endpointUrl, profileNamed } from "./settings.ts";
import { mintToken, TOKEN_LIMIT } from "./token.ts";

export interface AtHandWish {
  readonly clusterId: string;
  readonly region: string | undefined;
  readonly tokenOnly: boolean;
}

/**
 * The line to print for keys of the environment in a region that is named, as `makeToken` would have it, without the code
 * that finds keys and regions elsewhere. Undefined: it takes that.
 * @throws {KnownError} those of `makeToken`
 */
export async function lineAtHand(wish: AtHandWish, system: System): Promise<string | undefined> {
  const { env } = system;
  const keys = environmentKeys(env);
  const region = [wish.region, env["AWS_REGION"], env["AWS_DEFAULT_REGION"]].find(
    (each) => each !== undefined && each !== "",
  );
  if (keys === undefined || region === undefined) return undefined;
  const settings = awsSettings(profileNamed(undefined, env), env, await readSharedFiles(system));
  const { fips, dualStack } = settings;
  const endpoint = stsEndpoint({ region, url: endpointUrl("sts", settings, env), fips, dualStack });
  const made = mintToken({ clusterId: wish.clusterId, endpoint, keys, now: system.now() });
  const token = made.token.reveal();
  if (token.length > TOKEN_LIMIT) return undefined;
  return wish.tokenOnly ? token : execCredential(made, execVersion(env["KUBERNETES_EXEC_INFO"]));
}
