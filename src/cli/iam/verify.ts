import { isKnownError, KnownError } from "../../base/errors.ts";
import { partitionNamed, PARTITIONS, verifyToken, type VerifiedIdentity } from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { jsonText } from "../output.ts";
import { iamSettings } from "./settings.ts";
import { tokenText } from "./token-text.ts";

/** `kauth iam verify`, which is `aws-iam-authenticator verify`. */
export async function runIamVerify(invocation: Invocation): Promise<number> {
  const { system, options, signal } = invocation;
  refuseOperands(invocation, "verify a token");
  const { text } = await iamSettings(invocation);
  const given = options.string("token") ?? "";
  if (given === "")
    throw new KnownError("USAGE", "token not specified", {
      hint: "Give it with -t, or -t - and standard input",
    });
  const clusterId = text("cluster-id", "clusterID");
  if (clusterId === undefined)
    throw new KnownError("USAGE", "cluster ID not specified", {
      hint: "Give it with -i, KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID, or clusterID in the file of --config",
    });
  const partition = partitionOption(options.string("partition"));
  const token = await tokenText(given);
  const region = text("region", "region");
  let found: VerifiedIdentity;
  try {
    found = await verifyToken(token, { clusterId, partition, region, signal }, system);
  } catch (error) {
    if (!isKnownError(error)) throw error;
    const { code, message, hint } = error;
    throw new KnownError(code, `could not verify token: ${message}`, { hint, cause: error });
  }
  system.log.out(wantsJson(options) ? jsonText(fieldsOf(found), 4) : goText(fieldsOf(found)));
  return 0;
}

/** @throws {KnownError} USAGE */
export const partitionOption = (name = "aws"): string => {
  if (partitionNamed(name) !== undefined) return name;
  throw new KnownError(
    "USAGE",
    `Cannot use --partition ${JSON.stringify(name)}: it must be one of ${PARTITIONS.map((each) => each.name).join(", ")}`,
  );
};

/** The names of the reference's `Identity`. */
type Field = "ARN" | "CanonicalARN" | "AccountID" | "UserID" | "SessionName" | "AccessKeyID" | "STSEndpoint";
export type VerifyDocument = Readonly<Record<Field, string>>;

/** In the reference's order. */
const fieldsOf = (found: VerifiedIdentity): VerifyDocument => ({
  ARN: found.arn,
  CanonicalARN: found.canonicalArn,
  AccountID: found.account,
  UserID: found.userId,
  SessionName: found.sessionName,
  AccessKeyID: found.accessKeyId,
  STSEndpoint: found.stsHost,
});

/** Go's `%+v` of a pointer to it. */
const goText = (fields: Readonly<Record<string, string>>): string =>
  `&{${Object.entries(fields)
    .map((pair) => pair.join(":"))
    .join(" ")}}`;
