import type { System } from "../base/system.ts";
import { findCookie, type FoundCookie } from "./cookie.ts";
import { openGap, type Gap } from "./gap.ts";
import type { OwnHost } from "./guard.ts";
import { createSessions, sessionCookieNames, type CookieNames, type Sessions } from "./session.ts";
import type { Forwarder, Origin } from "./types.ts";

/** A target with all that belongs to its origin. */
export interface OpenSite {
  readonly site: Origin;
  readonly forwarder: Forwarder;
  readonly sessions: Sessions;
  readonly cookieNames: CookieNames;
  /** A browser has been given the cookie under its plain name; until then that name means nothing. */
  plain: boolean;
  readonly gap: Gap;
  /** The browser has been told to forget what an earlier holder of the port may have left. */
  cleared: boolean;
}

/** A name that we answer to, and the site behind it; undefined for the bare loopback names. */
export interface SiteHost extends OwnHost {
  readonly open: OpenSite | undefined;
}

/** HTTP's own port is never written in a URL. */
const HTTP_PORT = 80;

/** `name:port` as browsers write it in Host and Origin. */
export const hostAndPort = (host: string, port: number): string => {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === HTTP_PORT ? name : `${name}:${port}`;
};

/** What a person calls a site, and what they have to know of it. */
export const shownTitle = (site: Pick<Origin, "title" | "readOnly"> | undefined): string => {
  if (site === undefined) return "kauth";
  return site.readOnly === true ? `${site.title} (read-only)` : site.title;
};

export async function openSites(
  system: System,
  sites: readonly { readonly site: Origin; readonly forwarder: Forwarder }[],
  port: number,
  onSessionEnd: (id: string, forwarder: Forwarder) => void,
): Promise<readonly OpenSite[]> {
  let made = 0;
  const newId = (): string => `web-${(made += 1)}`;
  return await Promise.all(
    sites.map(async ({ site, forwarder }) => {
      if (!site.path.startsWith("/")) throw new TypeError('"site.path" must start with a slash');
      if (site.host !== site.host.toLowerCase()) throw new TypeError('"site.host" must be in lower case');
      return {
        site,
        forwarder,
        sessions: createSessions(system, { newId, onEnd: (id) => onSessionEnd(id, forwarder) }),
        cookieNames: sessionCookieNames(site.host, port),
        plain: false,
        gap: await openGap(system, site.host, port),
        cleared: false,
      };
    }),
  );
}

/** The finite set of names at one port (security.md R-B1). */
export function hostsAt(port: number, sites: readonly OpenSite[]): ReadonlyMap<string, SiteHost> {
  const hosts = new Map<string, SiteHost>();
  const add = (name: string, open: OpenSite | undefined): void => {
    const authority = hostAndPort(name, port);
    hosts.set(authority, {
      kind: open === undefined ? "bare" : "site",
      origin: `http://${authority}`,
      open,
      cookie: (header) => (open === undefined ? { kind: "none" } : cookieOf(header, open)),
      session: (value) => open?.sessions.find(value),
    });
  };
  for (const name of ["127.0.0.1", "::1", "localhost"]) add(name, undefined);
  for (const open of sites) add(open.site.host, open);
  return hosts;
}

const cookieOf = (header: string, { cookieNames, plain }: OpenSite): FoundCookie => {
  const found = findCookie(header, cookieNames.strict);
  return found.kind === "none" && plain ? findCookie(header, cookieNames.plain) : found;
};
