import { isKnownError, KnownError } from "../../base/errors.ts";
import { execCredential, execVersion, makeToken, type IamToken } from "../../iam/token/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { handsOf } from "./hands.ts";
import { roleOf } from "./role.ts";
import { iamSettings } from "./settings.ts";

/** `kauth iam token`, which is `aws-iam-authenticator token`. */
export async function runIamToken(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "print a token");
  const { text, on } = await iamSettings(invocation);
  const clusterId = text("cluster-id", "clusterID");
  if (clusterId === undefined)
    throw new KnownError("USAGE", "cluster ID not specified", {
      hint: "Give it with -i, KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID, or clusterID in the file of --config",
    });
  const forwardSessionName = on("forward-session-name", "forwardSessionName");
  const sessionName = text("session-name", "sessionName");
  if (forwardSessionName && sessionName !== undefined)
    throw new KnownError("USAGE", "cannot specify both --forward-session-name and --session-name parameter", {
      hint: "Leave one of them out",
    });
  const role = roleOf(
    { arn: text("role", "role"), externalId: text("external-id", "externalID"), sessionName },
    options,
  );
  const cache = options.list("cache").at(-1) ?? text("cache", "cache");
  const made = await asCalled(invocation, async () =>
    makeToken(
      {
        clusterId,
        region: text("region", "region"),
        profile: options.string("profile"),
        role,
        forwardSessionName,
        // Off only where somebody says so: what costs nothing is not kept anyway.
        cache: cache !== "false",
        oldCache: cache === "true",
      },
      handsOf(invocation),
      system,
      invocation.signal,
    ),
  );
  system.log.out(
    on("token-only", "tokenOnly")
      ? made.token.reveal()
      : execCredential(made, execVersion(system.env["KUBERNETES_EXEC_INFO"])),
  );
  return 0;
}

/** Under that tool's name its words begin what went wrong. */
const asCalled = async ({ program }: Invocation, act: () => Promise<IamToken>): Promise<IamToken> => {
  try {
    return await act();
  } catch (error) {
    if (program !== "aws-iam-authenticator" || !isKnownError(error)) throw error;
    const { code, message, hint } = error;
    throw new KnownError(code, `could not get token: ${message}`, { hint, cause: error });
  }
};
