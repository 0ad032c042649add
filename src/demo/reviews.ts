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

export interface AskedReview {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** `/apis/authentication.k8s.io/v1/selfsubjectreviews` and its like. */
export const reviewOf = (path: string): AskedReview | undefined => {
  const [, group, version, resource] =
    /^\/apis\/(authentication|authorization)\.k8s\.io\/(v1(?:alpha1|beta1)?)\/(selfsubject[a-z]+)$/.exec(
      path,
    ) ?? [];
  if (group === undefined || version === undefined || resource === undefined) return undefined;
  return { group: `${group}.k8s.io`, version, resource };
};

/** SelfSubjectReview and SelfSubjectAccessReview. @throws {Error} when the body is no review */
export async function answerReview(
  request: IncomingMessage,
  person: Person,
  asked: AskedReview,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const body = await readBody(request);
  const { resource } = asked;
  if (resource === "selfsubjectreviews")
    return {
      status: 201,
      body: {
        apiVersion: `${asked.group}/${asked.version}`,
        kind: "SelfSubjectReview",
        status: {
          userInfo: {
            username: person.username,
            uid: person.uid,
            groups: [...person.groups, "system:authenticated"],
            ...(person.extra === undefined ? {} : { extra: Object.fromEntries(person.extra) }),
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
