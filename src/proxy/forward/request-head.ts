import { KnownError, type ErrorCode } from "../../base/errors.ts";
import { TOKEN, type RawHeaders } from "../../base/headers.ts";
import type { Site } from "../types.ts";
import { forwardCookies } from "./cookies.ts";

export type BodyFraming = "none" | "chunked" | { readonly length: number };

export interface OutgoingRequest {
  readonly method: string;
  /** Origin form, as the gate let it through. */
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: BodyFraming;
  /** Ours: who the person is. */
  readonly authorization: RawHeaders;
  /** Ours too, `NAME=VALUE` each: where only a cookie says who the person is. */
  readonly cookies?: readonly string[];
  /** `http://HOST:PORT` that the browser sees. */
  readonly ownOrigin: string;
  /** `HOST:PORT` that the browser sees. */
  readonly ownAuthority: string;
  readonly upgrade: boolean;
  /** The answer may be packed, though the browser has not asked for it. Default: false. */
  readonly unpacks?: boolean;
}

type Treatment = "pass" | "drop" | "cookie" | "origin" | "referer" | "connection" | "websocket";

const DROPPED: ReadonlySet<string> = new Set([
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "http2-settings",
  "expect",
  "authorization",
  "forwarded",
  "x-real-ip",
  "x-rewrite-url",
  "remote-user",
  "via",
  "max-forwards",
]);

const DROPPED_PREFIXES = [
  "proxy-",
  "x-kauth-",
  "x-forwarded-",
  "x-original-",
  "x-http-method",
  "impersonate-",
  "x-remote-",
  "x-auth-request-",
  // Beside the name that kauth sends, Grafana's auth proxy takes groups and a role from these (its docs, "auth-proxy").
  "x-webauth-",
];

const SPECIAL: ReadonlyMap<string, Treatment> = new Map<string, Treatment>([
  ["cookie", "cookie"],
  ["origin", "origin"],
  ["referer", "referer"],
  ["connection", "connection"],
]);

/** As a server may read it. */
const plainName = (name: string): string => name.toLowerCase().replaceAll("_", "-");

/** What happens to a header that a client sent (security.md R-E1, R-E2, R-E3, R-N8). */
export const treatmentOf = (name: string): Treatment => {
  const plain = plainName(name);
  const special = SPECIAL.get(plain);
  if (special !== undefined) return special;
  if (plain.startsWith("sec-websocket-")) return "websocket";
  if (DROPPED.has(plain) || DROPPED_PREFIXES.some((prefix) => plain.startsWith(prefix))) return "drop";
  return "pass";
};

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^\/[!-~]*$/;

/** @throws {KnownError} REQUEST_INVALID: what is no path and query, or would be more than one line */
export const checkTarget = (target: string): void => {
  if (!TARGET.test(target)) throw new KnownError("REQUEST_INVALID", "Cannot forward this request target");
};

/** @throws {KnownError} the code: what would be another line, or none */
export const checkedLine = (name: string, value: string, code: ErrorCode = "REQUEST_INVALID"): string => {
  if (!VALUE.test(value) || !TOKEN.test(name))
    throw new KnownError(code, `Cannot forward header "${name.replaceAll(/[^!-~]/g, "?")}"`);
  return `${name}: ${value}\r\n`;
};

/** Names seen so far; browsers use some thirty, and an attacker must not make this grow. */
const REMEMBERED = 512;

/**
 * Makes heads for one site from an empty list: what the client may not say is left out, then what we say is added, in
 * one place for requests and upgrades alike.
 */
export function requestHeads(site: Site): (request: OutgoingRequest) => string {
  const treatments = new Map<string, Treatment>();
  const ours = new Set(site.ownHeaders?.map(plainName));
  const upstreamOrigin = `${site.scheme}://${site.authority}`;
  const label = site.preserveOrigin || !site.host.endsWith(".localhost") ? undefined : site.host;
  const treat = (name: string): Treatment => {
    const known = treatments.get(name);
    if (known !== undefined) return known;
    const found = ours.has(plainName(name)) ? "drop" : treatmentOf(name);
    if (treatments.size < REMEMBERED) treatments.set(name, found);
    return found;
  };
  /** The app's scripts know their own address, and some send it: `Destination` of WebDAV does (security.md R-N2). */
  const hide = (text: string, { ownOrigin, ownAuthority }: OutgoingRequest): string =>
    label === undefined || !text.includes(label)
      ? text
      : text
          .replaceAll(ownOrigin, upstreamOrigin)
          .replaceAll(ownAuthority, site.authority)
          .replaceAll(label, site.authority);
  return (request) => {
    checkTarget(request.target);
    const host = site.preserveOrigin ? request.ownAuthority : site.authority;
    let head = "";
    let cookies = "";
    const { headers } = request;
    const hopByHop = connectionNames(headers);
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const name = headers[index] ?? "";
      const value = headers[index + 1] ?? "";
      if (hopByHop !== undefined && hopByHop.has(name.toLowerCase())) continue;
      switch (treat(name)) {
        case "pass":
          head += checkedLine(name, value);
          break;
        case "cookie": {
          const kept = forwardCookies(value, site);
          if (kept !== "") cookies = cookies === "" ? kept : `${cookies}; ${kept}`;
          break;
        }
        case "origin":
          head += checkedLine("Origin", site.preserveOrigin ? value : upstreamOrigin);
          break;
        case "referer":
          head += referer(value, request.ownOrigin, site.preserveOrigin ? request.ownOrigin : upstreamOrigin);
          break;
        case "websocket":
          if (request.upgrade) head += checkedLine(name, value);
          break;
        case "connection":
        case "drop":
          break;
      }
    }
    head = hide(head, request);
    const cookie = [hide(cookies, request), ...(request.cookies ?? [])]
      .filter((each) => each !== "")
      .join("; ");
    if (cookie !== "") head += checkedLine("Cookie", cookie);
    head = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${head}`;
    head += request.upgrade ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "";
    head += `X-Forwarded-Host: ${host}\r\nX-Forwarded-Proto: ${site.preserveOrigin ? "http" : site.scheme}\r\n`;
    if (request.body === "chunked") head += "Transfer-Encoding: chunked\r\n";
    else if (request.body !== "none") head += `Content-Length: ${request.body.length}\r\n`;
    for (const [name, value] of request.authorization) head += checkedLine(name, value, "TOKEN_INVALID");
    return `${head}\r\n`;
  };
}

/** Another page's address is nothing that the app has to know. */
const referer = (value: string, own: string, shown: string): string =>
  value === own || value.startsWith(`${own}/`) ? checkedLine("Referer", shown + value.slice(own.length)) : "";

/** What `Connection` declares to be for this hop only; undefined for the usual `keep-alive` and `close`. */
const connectionNames = (headers: readonly string[]): ReadonlySet<string> | undefined => {
  let names: Set<string> | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    const value = headers[index + 1] ?? "";
    if (value === "keep-alive" || value === "close") continue;
    names ??= new Set();
    for (const member of value.split(",")) names.add(member.trim().toLowerCase());
  }
  return names;
};
