import { KnownError } from "../../base/errors.ts";
import { execCredential, execVersion, makeToken } from "../../iam/token/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { handsOf } from "./hands.ts";
import { roleOf } from "./role.ts";

/** As the AWS CLI names the session of a role. */
const SESSION_NAME = "EKSGetTokenAuth";

/** `kauth iam get-token`, which is `aws eks get-token`. */
export async function runGetToken(invocation: Invocation): Promise<number> {
  const { system, options, signal } = invocation;
  refuseOperands(invocation, "print a token");
  const clusterId = options.string("cluster-id") || options.string("cluster-name") || "";
  if (clusterId === "")
    throw new KnownError("USAGE", "Either parameter --cluster-name or --cluster-id must be specified.", {
      hint: "Give the cluster's name with --cluster-name",
    });
  const made = await makeToken(
    {
      clusterId,
      region: options.string("region"),
      profile: options.string("profile"),
      role: roleOf(
        { arn: options.string("role-arn"), externalId: undefined, sessionName: SESSION_NAME },
        options,
      ),
      forwardSessionName: false,
      cache: options.list("cache").at(-1) !== "false",
      oldCache: false,
    },
    handsOf(invocation),
    system,
    signal,
  );
  system.log.out(execCredential(made, execVersion(system.env["KUBERNETES_EXEC_INFO"])));
  return 0;
}
