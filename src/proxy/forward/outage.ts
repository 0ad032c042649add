import type { IncomingMessage } from "node:http";
import { isKnownError, type ErrorCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { Incident, Problem } from "../types.ts";

/** The upstream is there and said something wrong, or said no: 502. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "UPSTREAM_INVALID",
  "UPSTREAM_CUT",
  "UPSTREAM_TLS",
  "UPSTREAM_CERTIFICATE",
  "PORT_REFUSED",
  "PORT_RESET",
  "PORT_FAILED",
]);

/** What a request may have done before it failed. */
export type Fate =
  /** It changes nothing. */
  | "harmless"
  /** It changes something, and nothing of it was sent (security.md R-N5). */
  | "unsent"
  /** It changes something, and may have done so (R-N3). */
  | "unknown";

const TEXTS = {
  answered: ["The UI did not answer properly", "The pod is there, but the connection to the UI failed."],
  credential: ["Your sign-in could not be renewed", "The terminal where kauth runs says why."],
  away: ["The UI cannot be reached right now", "kauth keeps trying; this page reloads by itself."],
  unsent: ["The UI cannot be reached right now", "This request was not sent. Try it again in a moment."],
  unknown: [
    "The connection to the UI was lost",
    "The UI may have done what was asked. Look before you try again.",
  ],
  request: ["This request cannot be forwarded", "It holds something that no header may carry."],
} as const;

export const isNavigation = (request: IncomingMessage): boolean => {
  const mode = request.headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
};

const isCredentialFault = (error: unknown): boolean =>
  isKnownError(error) &&
  (error.code.startsWith("EXEC_") || error.code.startsWith("TOKEN_") || error.code === "NO_BEARER_TOKEN");

/**
 * What a client is told when the upstream cannot be had: fixed text and an incident id; the reason goes to whoever runs
 * kauth (security.md R-F6). A script gets 504 and never 503, which throws Headlamp to its token page (U7).
 */
export const problemOf = (
  error: unknown,
  asked: { readonly navigation: boolean; readonly fate: Fate },
  to: { readonly system: System; readonly onIncident: (incident: Incident) => void },
): Problem => {
  const incident = to.system.random(4).toString("hex");
  to.onIncident({ id: incident, error });
  const told = answerTo(error, asked, incident);
  return isKnownError(error) ? { ...told, code: error.code } : told;
};

const answerTo = (
  error: unknown,
  asked: { readonly navigation: boolean; readonly fate: Fate },
  incident: string,
): Problem => {
  if (isKnownError(error, "REQUEST_INVALID")) return problem(400, "request", incident);
  // Waiting does not mend a token that no header can carry (R-E4).
  if (isKnownError(error, "TOKEN_INVALID")) return problem(502, "credential", incident);
  if (isKnownError(error) && ANSWERED.has(error.code)) return problem(502, "answered", incident);
  if (asked.fate === "unknown") return problem(504, "unknown", incident);
  // A page that loads again by itself would do so without the form that was sent.
  const refresh = asked.navigation && asked.fate === "harmless";
  const kind = isCredentialFault(error) ? "credential" : asked.fate === "unsent" ? "unsent" : "away";
  return { ...problem(refresh ? 503 : 504, kind, incident), retryAfter: 1, refresh };
};

const problem = (status: number, kind: keyof typeof TEXTS, incident: string): Problem => ({
  status,
  title: TEXTS[kind][0],
  detail: TEXTS[kind][1],
  incident,
});
