import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyOf, sendJson, sendText, statusOf } from "../answers.ts";
import type { Headlamp } from "./headlamp.ts";
import { listOf, resourceOf } from "./resources.ts";

export interface ClusterRequest {
  readonly self: Headlamp;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Below `/clusters/main`. */
  readonly path: string;
  readonly user: string | undefined;
  readonly token: string | undefined;
}

const NO_CACHE = { "Cache-Control": "no-cache, private" };
const NO_STORE = { "Cache-Control": "no-store, no-cache, must-revalidate, private", Vary: "Cookie" };
/** Groups that a healthy cluster has not (U19). */
const ABSENT = /^\/apis\/(?:gateway\.networking\.k8s\.io|metrics\.k8s\.io)\//;
const REVIEW = /^\/apis\/(?:authorization|authentication)\.k8s\.io\/v1\/(selfsubject[a-z]+)$/;
const JWT = /^[^.]+\.[^.]+\.[^.]+$/;

/** What the back end passes to the API server, and its own `/me`. */
export async function answerCluster(asked: ClusterRequest): Promise<void> {
  const { self, request, response, path, user } = asked;
  if (path === "/me") return answerMe(asked);
  // The body is read first: so it is gone when the API server closes its connection (U17).
  const body = await bodyOf(request).catch(() => "");
  if (user === undefined) {
    if (request.method === "POST" && self.rejectedPostIs502) return sendText(response, 502, "");
    return sendJson(response, 401, statusOf(401, "Unauthorized"), NO_CACHE);
  }
  if (path === "/healthz") return sendText(response, 200, "ok", NO_CACHE);
  if (path === "/version") return sendJson(response, 200, { major: "1", minor: "35" }, NO_CACHE);
  if (ABSENT.test(path)) return sendText(response, 404, "404 page not found", NO_CACHE);
  const review = REVIEW.exec(path)?.[1];
  if (request.method === "POST" && review !== undefined)
    return sendJson(response, 201, reviewed(review, user), NO_CACHE);
  const resource = resourceOf(path);
  if (request.method === "PATCH" && path === "/api/v1/namespaces/demo/configmaps/edit-me") {
    if (request.headers["content-type"] !== "application/json-patch+json" || body === "")
      return sendJson(response, 415, statusOf(415, "UnsupportedMediaType"), NO_CACHE);
    self.edits += 1;
    return sendJson(response, 200, { kind: "ConfigMap", apiVersion: "v1", metadata: {} }, NO_CACHE);
  }
  if (resource === undefined || resource.sub !== undefined || request.method !== "GET")
    return sendJson(response, 404, statusOf(404, "NotFound"), NO_CACHE);
  const query = new URL(request.url ?? "/", "http://app").searchParams;
  if (resource.name === undefined)
    return sendJson(response, 200, listOf(self.store, resource, query), NO_CACHE);
  const found =
    resource.kind === undefined
      ? undefined
      : self.store.get(resource.kind, resource.namespace ?? "", resource.name);
  if (found === undefined) return sendJson(response, 404, statusOf(404, "NotFound"), NO_CACHE);
  return sendJson(response, 200, found, NO_CACHE);
}

/** It looks into the token and not at the cluster: opaque ones fail, revoked ones do not (U18). */
const answerMe = ({ response, token }: ClusterRequest): void => {
  if (token === undefined || !JWT.test(token))
    sendJson(response, 401, { message: "invalid token" }, NO_STORE);
  else sendJson(response, 200, { email: "", groups: [], userInfoURL: "", username: "" }, NO_STORE);
};

const reviewed = (review: string, user: string): unknown => {
  switch (review) {
    case "selfsubjectreviews":
      return { kind: "SelfSubjectReview", status: { userInfo: { username: user } } };
    case "selfsubjectaccessreviews":
      return { kind: "SelfSubjectAccessReview", status: { allowed: true } };
    default:
      return { kind: "SelfSubjectRulesReview", status: { resourceRules: [], incomplete: false } };
  }
};
