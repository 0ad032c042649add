import type { AskedRequest, SiteHooks } from "../proxy/index.ts";

const pathOf = ({ target }: AskedRequest): string => target.split("?", 1)[0] ?? "";

const HEALTH = /^\/clusters\/[^/]+\/healthz$/;
const METRICS = /^\/clusters\/[^/]+\/apis\/metrics\.k8s\.io\//;
const REVIEW =
  /^\/clusters\/[^/]+\/apis\/(?:authorization|authentication)\.k8s\.io\/[^/]+\/selfsubject[a-z]+$/;

/** A tab asks for its health every 5 s, up to 20 s while that fails. A reload is owed no longer than that. */
const OWED = 30_000;
/** Where every watch is lost at once, a page that is made to reload by each would never come to rest. */
const APART = 60_000;

/**
 * What Headlamp needs beside its preset (ui-traffic U11, U12, U16). @param now monotonic milliseconds
 */
export function headlampHooks(now: () => number): SiteHooks {
  /** Web sessions that lost a watch which could not be resumed, and since when. */
  const owed = new Map<string, number>();
  /** Web sessions that were made to reload, and when. */
  const reloaded = new Map<string, number>();
  return {
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
