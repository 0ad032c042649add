import { fallback, object, string } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { escapeLine } from "../base/terminal.ts";

/** What was asked, for the message of a refusal. */
export interface Asked {
  readonly verb: string;
  /** `services`, `pods/portforward`, … */
  readonly resource: string;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  /** What a person wanted by it, where verb and resource would tell nobody, e.g. `ask the API server who you are`. */
  readonly wish?: string;
}

/** Nothing else of a Status is read, so nothing else of it can spoil the message. */
const statusShape = object({ message: fallback(string, "") });

/** Long enough for every message of the API server; a gateway's HTML page is cut. */
const MESSAGE_LIMIT = 600;

/** The `message` of a Kubernetes Status, or the start of whatever else came. */
const statusMessage = (body: unknown): string => {
  if (typeof body === "string") return escapeLine(body.trim().slice(0, MESSAGE_LIMIT));
  try {
    return escapeLine(statusShape(body, "").message.slice(0, MESSAGE_LIMIT));
  } catch {
    return "";
  }
};

const askedText = (asked: Asked): string => {
  if (asked.wish !== undefined) return asked.wish;
  const name = asked.name === undefined ? "" : ` "${asked.name}"`;
  const place = asked.namespace === undefined ? "" : ` in namespace "${asked.namespace}"`;
  return `${asked.verb} ${asked.resource}${name}${place}`;
};

/** A refusal of the API server as an error with the next step (credentials.md §4, tunnel.md §1.4). */
export const statusError = (status: number, body: unknown, asked: Asked): KnownError => {
  const said = statusMessage(body);
  const tail = said === "" ? "" : `: ${said}`;
  switch (status) {
    case 401:
      return new KnownError(
        "UNAUTHORIZED",
        `Cannot ${askedText(asked)}: the API server does not accept your credential (401 Unauthorized)`,
      );
    case 403:
      return forbidden(asked, tail);
    case 404:
      return new KnownError(
        "NOT_FOUND",
        `Cannot ${askedText(asked)}${said === "" || said === `${asked.resource} "${asked.name}" not found` ? ": not found" : tail}`,
      );
    case 409:
      return new KnownError("API_CONFLICT", `Cannot ${askedText(asked)}${tail}`);
    case 410:
      return new KnownError("API_EXPIRED", `Cannot ${askedText(asked)}${tail}`);
    case 429:
      return new KnownError("API_BUSY", `Cannot ${askedText(asked)}: the API server is busy (429)${tail}`);
    default:
      if (status >= 300 && status < 400)
        return new KnownError(
          "API_REDIRECT",
          `Cannot ${askedText(asked)}: the API server answered with a redirect (${status}), which is never followed`,
        );
      return new KnownError(
        "API_FAILED",
        `Cannot ${askedText(asked)}: the API server answered ${status}${tail}`,
      );
  }
};

/** Before anything else the API server asks whether the person may act as the other one (credentials.md §4.4). */
const IMPERSONATE = /cannot impersonate resource "([a-z/]+)"/;

/** Whether a refusal is about whom the request acts as. */
export const isImpersonationRefused = (status: number, body: unknown): boolean =>
  status === 403 && IMPERSONATE.test(statusMessage(body));

const forbidden = (asked: Asked, tail: string): KnownError => {
  const acted = IMPERSONATE.exec(tail)?.[1];
  if (acted !== undefined)
    return new KnownError("FORBIDDEN", `Cannot act as somebody else: you lack the right (403)${tail}`, {
      hint: `Ask for a ClusterRole with verb impersonate on ${acted}, or leave out --as and the kubeconfig's as`,
    });
  const verbs = asked.resource === "pods/portforward" ? "create, get" : asked.verb;
  const scope = asked.namespace === undefined ? "" : ` -n ${asked.namespace}`;
  return new KnownError("FORBIDDEN", `Cannot ${askedText(asked)}: you lack the right (403)${tail}`, {
    right: { verb: asked.verb, resource: asked.resource, namespace: asked.namespace },
    hint:
      `Ask for a Role with verbs [${verbs}] on ${asked.resource}${asked.namespace === undefined ? "" : ` in namespace ${asked.namespace}`}; ` +
      `kubectl auth can-i ${asked.verb} ${asked.resource}${scope} tells when you have it`,
  });
};
