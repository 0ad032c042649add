import { decode } from "../base/decode.ts";
import type { Place } from "./client.ts";
import { selfSubjectAccessReview } from "./objects.ts";
import { statusError } from "./status.ts";
import type { Connection } from "./types.ts";

/** One right, as a rule of a Role says it. */
export interface Right {
  readonly verb: string;
  /** API group; "" for the core's. */
  readonly group: string;
  readonly resource: string;
  /** e.g. `portforward`. */
  readonly subresource?: string;
}

/**
 * Whether the person has a right in a namespace, by SelfSubjectAccessReview, which everybody may ask.
 * @throws {KnownError} UNAUTHORIZED, FORBIDDEN, network faults
 */
export async function mayI(connection: Connection, right: Right, place: Place): Promise<boolean> {
  const apiVersion = "authorization.k8s.io/v1";
  const answer = await connection.request({
    method: "POST",
    path: `/apis/${apiVersion}/selfsubjectaccessreviews`,
    body: {
      apiVersion,
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: place.namespace, ...right } },
    },
    ...(place.signal === undefined ? {} : { signal: place.signal }),
  });
  if (answer.status === 200 || answer.status === 201)
    return decode(selfSubjectAccessReview, answer.body, {
      what: "the SelfSubjectAccessReview",
      code: "API_FAILED",
    }).status.allowed;
  throw statusError(answer.status, answer.body, {
    verb: "create",
    resource: "selfsubjectaccessreviews",
    name: undefined,
    namespace: undefined,
    wish: "ask the API server what you may do",
  });
}
