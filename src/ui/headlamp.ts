import type { AskedRequest, SiteHooks } from "../proxy/index.ts";

const pathOf = ({ target }: AskedRequest): string => target.split("?", 1)[0] ?? "";

/** The signed-in test asks for the token in a way that opaque tokens fail (ui-traffic U18). */
const ME = /^\/clusters\/[^/]+\/me$/;
const HEALTH = /^\/clusters\/[^/]+\/healthz$/;
const METRICS = /^\/clusters\/[^/]+\/apis\/metrics\.k8s\.io\//;
const REVIEW =
  /^\/clusters\/[^/]+\/apis\/(?:authorization|authentication)\.k8s\.io\/[^/]+\/selfsubject[a-z]+$/;

/** A tab asks for its health every 5 s, up to 20 s while that fails. A reload is owed no longer than that. */
const OWED = 30_000;

/**
 * What Headlamp needs (ui-traffic U7, U11, U12, U16, U18). @param now monotonic milliseconds
 */
export function headlampHooks(now: () => number): SiteHooks {
  /** Web sessions that lost a watch which could not be resumed, and since when. */
  const owed = new Map<string, number>();
  return {
    refused: (asked, { status }) => (status === 401 && !ME.test(pathOf(asked)) ? "yes" : "no"),
    expendable: (asked) => HEALTH.test(pathOf(asked)) || METRICS.test(pathOf(asked)),
    repeatable: (asked) => asked.method === "POST" && REVIEW.test(pathOf(asked)),
    lost: (session) => {
      if (!owed.has(session)) owed.set(session, now());
    },
    added: (asked, { status }, session) => {
      const since = owed.get(session);
      if (since === undefined || status !== 200 || !HEALTH.test(pathOf(asked))) return [];
      // Once an outage (security.md R-N16); a page that asked for nothing all that time is gone.
      owed.delete(session);
      return now() - since < OWED ? [["X-Reload", "reload"]] : [];
    },
  };
}
