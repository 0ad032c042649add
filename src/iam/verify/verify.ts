import type { System } from "../../base/system.ts";
import { partitionNamed, PARTITIONS } from "../partitions.ts";
import { askSts } from "./ask.ts";
import { readIdentity, type IamIdentity } from "./identity.ts";
import { judgeToken } from "./judge.ts";

export interface VerifyWish {
  /** The id of the cluster that the token must be signed for. */
  readonly clusterId: string;
  /** Default: `aws`. */
  readonly partition?: string | undefined;
  /** Where the server is; STS's host there is good whatever the region's name. Default: those that AWS names so. */
  readonly region?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who somebody is, and which host of STS said so. */
export interface VerifiedIdentity extends IamIdentity {
  readonly stsHost: string;
}

/**
 * Whose a token is: judged by every rule that needs nobody, then asked of AWS's Security Token Service, once.
 * @throws {KnownError} IAM_TOKEN_REFUSED, IAM_STS_REFUSED: it is nobody's. IAM_STS_FAILED, IAM_STS_THROTTLED: nobody can
 *   tell now
 * @throws {RangeError} for a partition that there is not
 */
export async function verifyToken(
  token: string,
  wish: VerifyWish,
  system: System,
): Promise<VerifiedIdentity> {
  const { clusterId, partition: name = "aws", region, signal } = wish;
  const partition = partitionNamed(name);
  if (partition === undefined)
    throw new RangeError(
      `no partition "${name}": it is one of ${PARTITIONS.map((each) => each.name).join(", ")}`,
    );
  const { request, accessKeyId } = judgeToken(token, { partition, region, now: system.now() });
  const answer = await askSts(request, clusterId, system, signal === undefined ? {} : { signal });
  const { host } = request;
  return { ...readIdentity(answer, { partition: name, accessKeyId, host }), stsHost: host };
}
