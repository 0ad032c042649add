import type { IncomingMessage } from "node:http";
import { fallback, object, parseJson, string } from "../base/decode.ts";
import { mayDo, type Person } from "./people.ts";

/** A review names a verb and a resource. */
const BODY_LIMIT = 64 * 1024;

const accessShape = object({
  spec: object({
    resourceAttributes: object({
      verb: fallback(string, ""),
      resource: fallback(string, ""),
      subresource: fallback(string, ""),
    }),
  }),
});

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new RangeError("the review is too large");
    parts.push(part);
  }
  return parseJson(Buffer.concat(parts).toString("utf8"));
};

/** SelfSubjectReview and SelfSubjectAccessReview. */
export async function answerReview(
  request: IncomingMessage,
  person: Person,
  resource: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const body = await readBody(request);
  if (resource === "selfsubjectreviews")
    return {
      status: 201,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "SelfSubjectReview",
        status: {
          userInfo: {
            username: person.username,
            uid: person.uid,
            groups: [...person.groups, "system:authenticated"],
          },
        },
      },
    };
  if (resource !== "selfsubjectaccessreviews") throw new RangeError("no such review");
  const { verb, resource: wanted, subresource } = accessShape(body, "").spec.resourceAttributes;
  const allowed = mayDo(person, verb, subresource === "" ? wanted : `${wanted}/${subresource}`);
  return {
    status: 201,
    body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", status: { allowed } },
  };
}
