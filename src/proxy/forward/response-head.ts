import type { Site } from "../types.ts";
import { returnCookie } from "./cookies.ts";
import type { ResponseHead } from "./response-parser.ts";

type Treatment =
  | "pass"
  | "drop"
  | "cookie"
  | "length"
  | "location"
  | "connection"
  | "date"
  | "policy"
  | "frame"
  | "resource"
  | "referrer"
  | "agent";

const TREATMENTS: ReadonlyMap<string, Treatment> = new Map<string, Treatment>([
  ["keep-alive", "drop"],
  ["proxy-authenticate", "drop"],
  ["proxy-authorization", "drop"],
  ["proxy-connection", "drop"],
  ["te", "drop"],
  ["trailer", "drop"],
  ["transfer-encoding", "drop"],
  ["upgrade", "drop"],
  ["http2-settings", "drop"],
  ["alt-svc", "drop"],
  ["nel", "drop"],
  ["report-to", "drop"],
  ["reporting-endpoints", "drop"],
  ["strict-transport-security", "drop"],
  ["public-key-pins", "drop"],
  ["public-key-pins-report-only", "drop"],
  ["expect-ct", "drop"],
  ["clear-site-data", "drop"],
  ["service-worker-allowed", "drop"],
  ["connection", "connection"],
  ["set-cookie", "cookie"],
  ["content-length", "length"],
  ["location", "location"],
  ["date", "date"],
  ["content-security-policy", "policy"],
  ["x-frame-options", "frame"],
  ["cross-origin-resource-policy", "resource"],
  ["referrer-policy", "referrer"],
  ["origin-agent-cluster", "agent"],
]);

const REMEMBERED = 512;

export interface ReturnedHead {
  /** Names and values in turn. */
  readonly headers: string[];
  /** The app has sent a Date, so that none has to be made. */
  readonly dated: boolean;
}

/** What the browser gets of an answer's headers (security.md R-F2, R-F4, R-D2, R-D3, R-D4, R-N8). */
export function responseHeads(site: Site): (head: ResponseHead, ownOrigin: string) => ReturnedHead {
  const treatments = new Map<string, Treatment>();
  const upstreamOrigin = `${site.scheme}://${site.authority}`;
  const treat = (name: string): Treatment => {
    const known = treatments.get(name);
    if (known !== undefined) return known;
    const plain = name.toLowerCase();
    const found = TREATMENTS.get(plain) ?? (plain.startsWith("x-kauth-") ? "drop" : "pass");
    if (treatments.size < REMEMBERED) treatments.set(name, found);
    return found;
  };
  return (head, ownOrigin) => {
    const headers: string[] = [];
    const hopByHop = connectionNames(head.headers);
    let dated = false;
    let framed = false;
    let resource = false;
    let referrer = false;
    let agent = false;
    for (let index = 0; index + 1 < head.headers.length; index += 2) {
      const name = head.headers[index] ?? "";
      const value = head.headers[index + 1] ?? "";
      const treatment = treat(name);
      if (treatment === "drop" || treatment === "connection") continue;
      // RFC 9110 §8.6: a client that believed it would take the next answer for this one's body.
      if (treatment === "length" && head.status === 204) continue;
      if (hopByHop?.has(name.toLowerCase()) === true) continue;
      if (treatment === "cookie") {
        const kept = returnCookie(value, site);
        if (kept !== undefined) headers.push(name, kept);
        continue;
      }
      if (treatment === "date") dated = true;
      else if (treatment === "frame") framed = true;
      else if (treatment === "resource") resource = true;
      else if (treatment === "referrer") referrer = true;
      else if (treatment === "agent") agent = true;
      headers.push(name, treatment === "location" ? location(value, upstreamOrigin, ownOrigin) : value);
    }
    // Beside the app's own policy: of two policies both hold.
    headers.push("Content-Security-Policy", "frame-ancestors 'self'");
    if (!framed) headers.push("X-Frame-Options", "SAMEORIGIN");
    if (!resource) headers.push("Cross-Origin-Resource-Policy", "same-origin");
    if (!referrer) headers.push("Referrer-Policy", "same-origin");
    if (!agent) headers.push("Origin-Agent-Cluster", "?1");
    return { headers, dated };
  };
}

/** A redirect to the app's own origin stays on ours; any other passes and is never followed by us. */
const location = (value: string, upstream: string, own: string): string => {
  if (
    value.length < upstream.length ||
    value.slice(0, upstream.length).toLowerCase() !== upstream.toLowerCase()
  )
    return value;
  const rest = value.slice(upstream.length);
  return rest === "" || /^[/?#]/.test(rest) ? own + rest : value;
};

const connectionNames = (headers: readonly string[]): ReadonlySet<string> | undefined => {
  let names: Set<string> | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    for (const member of (headers[index + 1] ?? "").split(",")) {
      const plain = member.trim().toLowerCase();
      if (plain === "keep-alive" || plain === "close" || plain === "") continue;
      names ??= new Set();
      // A length that goes missing would change the framing of what we send.
      if (plain !== "content-length") names.add(plain);
    }
  }
  return names;
};
