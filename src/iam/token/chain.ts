import { KnownError, messageOf } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB } from "../../base/units.ts";
import { environmentKeys } from "./env-keys.ts";
import type { Keeper } from "./keeper.ts";
import { isExpensive, type AwsKeys, type Plan, type SsoWish } from "./plan.ts";
import type { FileOrigin } from "./profile-files.ts";
import type { AwsServices } from "./services.ts";

/** What only the person or another program can give, as whoever builds on this wants it to be done. */
export interface ChainHands {
  /** A code of the device that the role wants. @throws {KnownError} where nobody can be asked */
  askMfa(serial: string): Promise<Secret>;
  /** Runs a `credential_process` and gives what it printed. @throws {KnownError} */
  runProcess(process: CredentialProcess): Promise<string>;
  /** Signs in by a browser where the session of SSO is over; undefined: that is for `aws sso login`. */
  readonly ssoLogin?: ((link: { readonly url: string; readonly code: string }) => void) | undefined;
}

/** A `credential_process`. */
export interface CredentialProcess {
  readonly profile: string;
  /** In words: no shell is there to part them. */
  readonly command: readonly [file: string, ...args: string[]];
  readonly origins: readonly FileOrigin[];
  readonly signal: AbortSignal | undefined;
}

export interface Chain {
  /** Of the profile, for who is to judge what stands in it. */
  readonly origins: readonly FileOrigin[];
  readonly services: AwsServices;
  readonly hands: ChainHands;
  readonly system: System;
  readonly signal: AbortSignal | undefined;
  /** Undefined: nothing is kept. */
  readonly keeper: Keeper | undefined;
}

/** A token of an identity provider with hundreds of groups has some 10 KB. */
const TOKEN_FILE_LIMIT = KiB(64);

/**
 * Does what a plan says. Each source's code is loaded when it is reached.
 * @throws {KnownError} AWS_NO_KEYS, AWS_STS_REFUSED, AWS_CONTAINER, AWS_IMDS, AWS_SSO, AWS_PROCESS and those of `sendHttp`
 */
export async function keysOf(plan: Plan, chain: Chain): Promise<AwsKeys> {
  const { keeper } = chain;
  if (keeper === undefined || !isExpensive(plan)) return await fetchKeys(plan, chain);
  return await keeper.keys(plan, async () => fetchKeys(plan, chain));
}

const fetchKeys = async (plan: Plan, chain: Chain): Promise<AwsKeys> => {
  const { system } = chain;
  switch (plan.kind) {
    case "keys":
      return { keys: plan.keys, expiresAt: plan.expiresAt };
    case "role":
      return await roleKeys(plan, chain);
    case "web-identity":
      return await webIdentityKeys(plan, chain);
    case "process":
      return await processKeys(plan, chain);
    case "sso":
      return await ssoKeys(plan.sso, chain);
    case "environment": {
      const keys = environmentKeys(system.env);
      if (keys === undefined)
        throw none(
          "credential_source is Environment, and AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set",
        );
      return { keys, expiresAt: undefined };
    }
    case "container":
    case "machine":
    case "surroundings":
      return await surroundingKeys(plan.kind, chain);
    default:
      return plan satisfies never;
  }
};

/** With a code of a device where the role wants one. */
const roleKeys = async (
  { role, source, forward = false }: Extract<Plan, { kind: "role" }>,
  chain: Chain,
): Promise<AwsKeys> => {
  const { keys } = await keysOf(source, chain);
  const { assumeRole, callerUserId } = await import("./sts.ts");
  const call = await chain.services.sts();
  // `AROA…:session`; a user has no session.
  const [, session, more] = forward ? (await callerUserId(keys, call)).split(":") : [];
  const named = session === undefined || more !== undefined ? role : { ...role, sessionName: session };
  const mfaCode = role.mfaSerial === undefined ? undefined : await chain.hands.askMfa(role.mfaSerial);
  return await assumeRole(named, keys, { ...call, mfaCode });
};

const processKeys = async (
  { command, profile }: Extract<Plan, { kind: "process" }>,
  { hands, origins, system, signal }: Chain,
): Promise<AwsKeys> => {
  const { commandWords, readProcessKeys } = await import("./process.ts");
  const words = commandWords(command, profile, system.platform);
  return readProcessKeys(await hands.runProcess({ command: words, profile, origins, signal }), profile);
};

const webIdentityKeys = async (
  plan: Extract<Plan, { kind: "web-identity" }>,
  { services, system }: Chain,
): Promise<AwsKeys> => {
  const { roleArn, sessionName, tokenFile } = plan;
  if (roleArn === "") throw none("a web identity has a token file but no role: AWS_ROLE_ARN is not set");
  let token: string;
  try {
    token = (await system.files.read(tokenFile, TOKEN_FILE_LIMIT)).toString("utf8").trim();
  } catch (error) {
    throw new KnownError(
      "AWS_NO_KEYS",
      `Cannot read the web identity token "${tokenFile}": ${messageOf(error)}`,
      { cause: error, hint: "Correct AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file" },
    );
  }
  const { assumeRoleWithWebIdentity } = await import("./sts.ts");
  return await assumeRoleWithWebIdentity(
    { roleArn, sessionName, token: new Secret(token) },
    await services.sts(),
  );
};

const ssoKeys = async (wish: SsoWish, chain: Chain): Promise<AwsKeys> => {
  const { ssoKeys: keys } = await import("./sso.ts");
  return await keys(wish, chain);
};

const surroundingKeys = async (
  kind: "container" | "machine" | "surroundings",
  { system, signal }: Chain,
): Promise<AwsKeys> => {
  if (kind !== "machine") {
    const { containerKeys, containerPlace } = await import("./container.ts");
    const place = containerPlace(system.env);
    if (place !== undefined) return await containerKeys(place, system, signal);
    if (kind === "container")
      throw none(
        "EcsContainer was specified as the credential_source, but 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' or 'AWS_CONTAINER_CREDENTIALS_FULL_URI' was not set",
      );
  }
  const { machineKeys } = await import("./imds.ts");
  try {
    return await machineKeys(system, signal);
  } catch (error) {
    if (kind === "machine" || !(error instanceof KnownError)) throw error;
    throw none(
      `no keys are in the environment, in the profile, beside a container or on this machine (${error.message.replace(/^Cannot /, "cannot ")})`,
      error,
    );
  }
};

const none = (reason: string, cause?: unknown): KnownError =>
  new KnownError("AWS_NO_KEYS", `Cannot find keys of AWS: ${reason}`, { cause });
