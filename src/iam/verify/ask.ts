import { isKnownError, KnownError } from "../../base/errors.ts";
import { sendHttp, type HttpPool } from "../../base/http.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import type { StsAnswer } from "./identity.ts";
import type { StsRequest } from "./sts-request.ts";

/** The reference's. The API server waits 30 s for its webhook. */
const TIMEOUT = millis(10_000);
/** An answer that names somebody has some 500 bytes; the reference reads whatever comes (its defect D14). */
const ANSWER_LIMIT = KiB(64);

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Default: a connection of its own. */
  readonly pool?: HttpPool;
}

/**
 * Asks STS who signed a request, and judges nothing of the answer. The cluster id is the server's own: a token that is
 * signed for another one does not verify. Nothing is followed, whatever the answer says.
 * @throws {KnownError} IAM_STS_FAILED
 * @throws the signal's reason
 */
export async function askSts(
  { host, target }: StsRequest,
  clusterId: string,
  system: System,
  { signal, pool }: AskOptions = {},
): Promise<StsAnswer> {
  try {
    const { status, body } = await sendHttp(
      {
        method: "GET",
        url: new URL(`https://${host}${target}`),
        headers: [
          ["x-k8s-aws-id", clusterId],
          ["Accept", "application/json"],
        ],
        timeout: TIMEOUT,
        limit: ANSWER_LIMIT,
        ...(signal === undefined ? {} : { signal }),
        ...(pool === undefined ? {} : { pool }),
      },
      system,
    );
    return { status, body };
  } catch (error) {
    if (!isKnownError(error)) throw error;
    throw new KnownError(
      "IAM_STS_FAILED",
      `sts getCallerIdentity failed: error during GET: ${error.message} on ${host} endpoint`,
      { cause: error, hint: error.hint },
    );
  }
}
