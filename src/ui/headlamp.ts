import type { AnsweredHead, AskedRequest, SiteHooks } from "../proxy/index.ts";

const pathOf = ({ target }: AskedRequest): string => target.split("?", 1)[0] ?? "";

const CLUSTER = /^\/clusters\//;
/** The signed-in test asks for the token in a way that opaque tokens fail (ui-traffic U18). */
const ME = /^\/clusters\/[^/]+\/me$/;
const HEALTH = /^\/clusters\/[^/]+\/healthz$/;
const METRICS = /^\/clusters\/[^/]+\/apis\/metrics\.k8s\.io\//;
const REVIEW =
  /^\/clusters\/[^/]+\/apis\/(?:authorization|authentication)\.k8s\.io\/[^/]+\/selfsubject[a-z]+$/;

/** A tab asks for its health every 5 s, up to 20 s while that fails. A reload is owed no longer than that. */
const OWED = 30_000;
/** Where every watch is lost at once, a page that is made to reload by each would never come to rest. */
const APART = 60_000;

/**
 * The API server closes the connection after some 401s, and what Headlamp was just sending becomes a 502: it may be the
 * first answer that a page gets to a rejected token, before any 401 (ui-traffic U17).
 */
const refused = (asked: AskedRequest, { status }: AnsweredHead): "yes" | "no" | "perhaps" => {
  const path = pathOf(asked);
  if (ME.test(path)) return "no";
  if (status === 502) return CLUSTER.test(path) ? "perhaps" : "no";
  return status === 401 ? "yes" : "no";
};

/**
 * What Headlamp needs (ui-traffic U7, U11, U12, U16, U17, U18). @param now monotonic milliseconds
 */
export function headlampHooks(now: () => number): SiteHooks {
  /** Web sessions that lost a watch which could not be resumed, and since when. */
  const owed = new Map<string, number>();
  /** Web sessions that were made to reload, and when. */
  const reloaded = new Map<string, number>();
  return {
    refused,
    repeatable: (asked) => asked.method === "POST" && REVIEW.test(pathOf(asked)),
    expendable: (asked) => HEALTH.test(pathOf(asked)) || METRICS.test(pathOf(asked)),
    lost: (session) => {
      for (const [known, at] of reloaded) if (now() - at >= APART + OWED) reloaded.delete(known);
      // One that nobody came for is of a page that is gone.
      const since = owed.get(session);
      if (since === undefined || now() - since >= OWED) owed.set(session, now());
    },
    added: (asked, { status }, session) => {
      const since = owed.get(session);
      if (since === undefined || status !== 200 || !HEALTH.test(pathOf(asked))) return [];
      // Once an outage (security.md R-N16); a page that asked for nothing all that time is gone.
      const free = (reloaded.get(session) ?? Number.NEGATIVE_INFINITY) + APART;
      if (now() < free) return [];
      owed.delete(session);
      if (now() - Math.max(since, free) >= OWED) return [];
      reloaded.set(session, now());
      return [["X-Reload", "reload"]];
    },
  };
}
