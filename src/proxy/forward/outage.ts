import type { IncomingMessage } from "node:http";
import { isKnownError, type ErrorCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { troubleOf, type Trouble } from "../trouble.ts";
import type { Incident, Problem } from "../types.ts";

/** What a request may have done before it failed. */
export type Fate =
  /** It changes nothing. */
  | "harmless"
  /** It changes something, and nothing of it was sent (security.md R-N5). */
  | "unsent"
  /** It changes something, and may have done so (R-N3). */
  | "unknown";

const AGAIN = "kauth keeps trying; this page goes on by itself.";

const TEXTS = {
  starting: ["The UI is starting", `It does not answer yet. ${AGAIN}`],
  restarting: [
    "The pod is restarting",
    `The pod of the UI went away, and kauth looks for the next one. ${AGAIN}`,
  ],
  "no-ready-pod": ["No pod of the UI is ready", `Kubernetes has none that takes requests. ${AGAIN}`],
  denied: ["You lack a right in the cluster", "Kubernetes does not let you reach the UI."],
  "sign-in": ["Sign in again", "Your sign-in has ended and could not be renewed."],
  "no-token": ["This UI wants a token", "Without one it cannot be told who you are."],
  unreachable: [
    "The API server cannot be reached",
    `Your network, a VPN or the cluster itself may be down. ${AGAIN}`,
  ],
  answered: ["The UI did not answer properly", "The pod is there, but the connection to the UI failed."],
  unsent: ["The UI cannot be reached right now", "This request was not sent. Try it again in a moment."],
  unknown: [
    "The connection to the UI was lost",
    "The UI may have done what was asked. Look before you try again.",
  ],
  request: ["This request cannot be forwarded", "It holds something that no header may carry."],
} as const;

/** A person waits for a page. What asks for JSON gets JSON. */
export const isNavigation = (request: IncomingMessage): boolean => {
  if (/^\s*application\/(?:problem\+)?json\b/i.test(request.headers.accept ?? "")) return false;
  const mode = request.headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
};

/**
 * What a client is told when the upstream cannot be had: fixed text and an incident id; the reason goes to whoever runs
 * kauth (security.md R-F6). A script gets 504 and never 503, which throws Headlamp to its token page (U7).
 */
export const problemOf = (
  error: unknown,
  asked: { readonly navigation: boolean; readonly fate: Fate },
  to: {
    readonly system: System;
    readonly onIncident: (incident: Incident) => void;
    readonly start?: string | undefined;
  },
): Problem => {
  const incident = to.system.random(4).toString("hex");
  to.onIncident({ id: incident, error });
  const code = isKnownError(error) ? error.code : undefined;
  const trouble = troubleOf(code);
  const told = answerTo(code, trouble, asked);
  const right = isKnownError(error) ? error.right : undefined;
  return {
    ...told,
    incident,
    trouble,
    ...(told.refresh === true ? { nonce: to.system.random(16).toString("base64url") } : {}),
    ...(code === undefined ? {} : { code }),
    ...(right === undefined ? {} : { right }),
    ...(to.start === undefined ? {} : { start: to.start }),
  };
};

const answerTo = (
  code: ErrorCode | undefined,
  trouble: Trouble,
  asked: { readonly navigation: boolean; readonly fate: Fate },
): Omit<Problem, "incident"> => {
  if (code === "REQUEST_INVALID") return problem(400, "request");
  // Waiting does not mend a token that no header can carry (R-E4).
  if (code === "TOKEN_INVALID") return problem(502, "sign-in");
  if (trouble === "answered") {
    // Nobody listens yet: a container that starts again is the likeliest, and the page goes on when it has.
    const again = code === "PORT_REFUSED" && asked.navigation && asked.fate === "harmless";
    return { ...problem(502, trouble), ...(again ? { retryAfter: 1, refresh: true } : {}) };
  }
  if (asked.fate === "unknown") return problem(504, "unknown");
  // A page that loads again by itself would do so without the form that was sent.
  const refresh = asked.navigation && asked.fate === "harmless";
  if (code === "NO_BEARER_TOKEN" && refresh) return { ...problem(503, "no-token"), retryAfter: 1, refresh };
  const kind = asked.fate === "unsent" && trouble !== "sign-in" && trouble !== "denied" ? "unsent" : trouble;
  return { ...problem(refresh ? 503 : 504, kind), retryAfter: 1, refresh };
};

const problem = (status: number, kind: keyof typeof TEXTS): Omit<Problem, "incident"> => ({
  status,
  title: TEXTS[kind][0],
  detail: TEXTS[kind][1],
});
