import { decode, fallback, integer, object, string } from "../base/decode.ts";
import { isKnownError, KnownError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";
import { checkToken } from "../credentials/index.ts";
import { statusError } from "./status.ts";
import type { Connection } from "./types.ts";

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

export interface IssuedToken {
  readonly token: Secret;
  /** What the API server has granted, which may be more or less than what was asked for. Counted from its answer. */
  readonly life: Seconds;
}

/** The shortest life that the API server grants (security.md R-N12). */
const LIFE = 600;

const shape = object({
  spec: fallback(object({ expirationSeconds: fallback(integer, LIFE) }), { expirationSeconds: LIFE }),
  status: object({ token: string }),
});

/**
 * A token of a ServiceAccount for this API server, good for ten minutes, by TokenRequest. Nothing is kept of it.
 * @throws {KnownError} FORBIDDEN with the right that is missing, NOT_FOUND, UNAUTHORIZED, API_FAILED, network faults
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 */
export async function requestToken(
  connection: Connection,
  account: ServiceAccountName,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<IssuedToken> {
  const { namespace, name } = account;
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts`;
  const answer = await connection.request({
    method: "POST",
    path: `${place}/${encodeURIComponent(name)}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: LIFE },
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (answer.status !== 200 && answer.status !== 201) {
    const asked = { verb: "create", resource: "serviceaccounts/token", name, namespace } as const;
    const error = statusError(answer.status, answer.body, asked);
    // -n has nothing to do with it.
    if (isKnownError(error, "NOT_FOUND"))
      throw new KnownError("NOT_FOUND", error.message, {
        hint: `See which there are: kubectl get serviceaccounts -n ${namespace}`,
      });
    throw error;
  }
  const what = `the TokenRequest for ServiceAccount "${name}"`;
  const { spec, status } = decode(shape, answer.body, { what, code: "API_FAILED" });
  if (spec.expirationSeconds <= 0)
    throw new KnownError("API_FAILED", `Cannot use ${what}: it is good for ${spec.expirationSeconds} s`);
  return {
    token: checkToken(status.token, `ServiceAccount "${name}"`),
    life: seconds(spec.expirationSeconds),
  };
}
