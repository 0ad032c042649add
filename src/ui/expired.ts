import { flatValuesOf, type RawHeaders } from "../base/headers.ts";
import type { AskedRequest } from "../proxy/index.ts";

/** At an address that is an IP, the cookie may be of another app on another port. */
const OWN_NAME = /\.localhost(?::\d+)?$/i;

const first = ({ headers }: AskedRequest, name: string): string => flatValuesOf(headers, name)[0] ?? "";

const namesOf = (header: string): ReadonlySet<string> =>
  new Set(header.split(";").map((pair) => pair.split("=", 1)[0]?.trim() ?? ""));

/**
 * Takes cookies out of the browser that somebody has left there: a page that reads them takes the person for somebody
 * else, whatever its back end is told (ui-traffic U3).
 */
export const expiredCookies = (names: readonly string[], asked: AskedRequest): RawHeaders => {
  if (names.length === 0 || !OWN_NAME.test(first(asked, "host"))) return [];
  const carried = namesOf(first(asked, "cookie"));
  return names
    .filter((name) => carried.has(name))
    .map((name) => ["Set-Cookie", `${name}=; Max-Age=0; Path=/`]);
};
