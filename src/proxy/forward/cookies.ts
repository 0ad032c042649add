import type { Site } from "../types.ts";

/** Cookies of ours, with and without the prefix that browsers check. */
const OWN = /^(?:__(?:host|secure|http|host-http)-)?kauth-/i;

const isStripped = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );

/** The Cookie header as the app gets it: without our session and without what would sign in somebody else. */
export const forwardCookies = (header: string, site: Site): string => {
  const kept: string[] = [];
  for (const part of header.split(";")) {
    const pair = part.trim();
    const equals = pair.indexOf("=");
    const written = equals === -1 ? pair : pair.slice(0, equals).trim();
    if (pair === "" || OWN.test(written)) continue;
    const prefix = site.cookiePrefix;
    // Without our prefix it is of another app on another port of the same address.
    if (prefix !== undefined && !written.startsWith(prefix)) continue;
    const name = prefix === undefined ? written : written.slice(prefix.length);
    if (!isStripped(name, site.stripCookies))
      kept.push(prefix === undefined ? pair : pair.slice(prefix.length));
  }
  return kept.join("; ");
};

/** A Set-Cookie line as the browser gets it; undefined for one that would touch our session, or would sign in somebody. */
export const returnCookie = (line: string, site: Site): string | undefined => {
  const [pair = "", ...attributes] = line.split(";");
  // A browser sends a cookie without a name back as its bare value, which then reads like a named one.
  if (OWN.test(pair.replace(/^[\s=]+/, ""))) return undefined;
  // What must not reach the app must not come from it either; one that is taken away has no value.
  const equals = pair.indexOf("=");
  const name = pair.slice(0, equals).trim();
  if (pair.slice(equals + 1).trim() !== "" && isStripped(name, site.stripCookies)) return undefined;
  const kept = attributes.filter((attribute) => !/^\s*domain\s*(=|$)/i.test(attribute));
  return [(site.cookiePrefix ?? "") + pair.trim(), ...kept].join(";");
};
