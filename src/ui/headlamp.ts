import { only, type RawHeaders } from "../base/headers.ts";
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

/** backend/pkg/auth/cookies.go of kubernetes-sigs/headlamp; version 0.45 and later ones read it by this name. */
const CHUNK = 3_800;
const NAME_MAX = 50;
/** RFC 6265 §4.1.1: what a cookie's value may hold. */
const COOKIE_TOKEN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;
const CLUSTER = /^\/clusters\/([^/]+)\//;
/** These look for the cookie alone (open.md §5.1). */
const PORT_FORWARD = /^\/clusters\/[^/]+\/portforward(?:\/|$)/;
const MULTIPLEXER = "/wsMultiplexer";
/** Clusters that the page has asked for; it names a few. */
const SEEN_MAX = 8;

const cookieName = (cluster: string): string => {
  let plain = cluster;
  try {
    plain = decodeURIComponent(cluster);
  } catch {
    // It is taken as it is written.
  }
  return plain.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(0, NAME_MAX);
};

const chunksOf = (token: string): readonly string[] =>
  Array.from({ length: Math.ceil(token.length / CHUNK) }, (_value, at) =>
    token.slice(at * CHUNK, (at + 1) * CHUNK),
  );

/** The token as the cookie that Headlamp would have set, for its back end alone: the browser never gets it. */
const cookiesFor = (names: Iterable<string>, authorization: RawHeaders): readonly string[] => {
  const token = /^Bearer (\S+)$/.exec(only(authorization, "authorization") ?? "")?.[1] ?? "";
  if (!COOKIE_TOKEN.test(token)) return [];
  return [...names].flatMap((name) =>
    chunksOf(token).map((chunk, at) => `headlamp-auth-${name}.${at}=${chunk}`),
  );
};

/** The same for a cluster by its name. Empty: the headers hold no token, or one that no cookie can hold. */
export const headlampCookies = (cluster: string, authorization: RawHeaders): readonly string[] =>
  cookiesFor([cookieName(encodeURIComponent(cluster))], authorization);

/**
 * What Headlamp needs beside its preset (ui-traffic U11, U12, U16). @param now monotonic milliseconds
 */
export function headlampHooks(now: () => number): SiteHooks {
  /** Web sessions that lost a watch which could not be resumed, and since when. */
  const owed = new Map<string, number>();
  /** Web sessions that were made to reload, and when. */
  const reloaded = new Map<string, number>();
  /** The multiplexer's address does not say which cluster it is for; its messages do. */
  const seen = new Set<string>();
  return {
    cookies: (asked, authorization) => {
      const path = pathOf(asked);
      const name = cookieName(CLUSTER.exec(path)?.[1] ?? "");
      if (name !== "" && seen.size < SEEN_MAX) seen.add(name);
      if (path === MULTIPLEXER) return cookiesFor(seen, authorization);
      return name !== "" && PORT_FORWARD.test(path) ? cookiesFor([name], authorization) : [];
    },
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
