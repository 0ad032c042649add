import { KnownError } from "../../base/errors.ts";
import { TOKEN } from "../../base/headers.ts";
import type { Narrow } from "../types.ts";
import { checkedLine, checkTarget, type OutgoingRequest } from "./request-head.ts";
import type { ReturnedHead } from "./response-head.ts";
import type { ResponseHead } from "./response-parser.ts";

const WEBSOCKET: ReadonlySet<string> = new Set(["sec-websocket-key", "sec-websocket-version"]);
const PROTOCOLS = "sec-websocket-protocol";

/** Makes heads for an upstream that is no web app: from what it needs, not from what the browser has. */
export const narrowHeads =
  (authority: string, narrow: Narrow): ((request: OutgoingRequest) => string) =>
  (request) => {
    const target = narrow.target(request.target);
    checkTarget(target);
    let head = `${request.method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
    const offered: string[] = [];
    for (let index = 0; index + 1 < request.headers.length; index += 2) {
      const name = (request.headers[index] ?? "").toLowerCase();
      const value = request.headers[index + 1] ?? "";
      if (narrow.passes.has(name) || (request.upgrade && WEBSOCKET.has(name)))
        head += checkedLine(request.headers[index] ?? "", value);
      else if (request.upgrade && name === PROTOCOLS) offered.push(...value.split(","));
    }
    if (request.upgrade) {
      const protocols = offered.map((each) => each.trim()).filter((each) => narrow.protocol(each));
      if (protocols.some((each) => !TOKEN.test(each)))
        throw new KnownError("REQUEST_INVALID", "Cannot forward the sub-protocols of a WebSocket");
      if (protocols.length > 0) head += `Sec-WebSocket-Protocol: ${protocols.join(", ")}\r\n`;
      // Whoever asks has been checked by the gate; the server wants to see one, whatever it is.
      head += `Origin: ${narrow.origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    }
    if (request.unpacks === true) head += "Accept-Encoding: gzip\r\n";
    if (request.body === "chunked") head += "Transfer-Encoding: chunked\r\n";
    else if (request.body !== "none") head += `Content-Length: ${request.body.length}\r\n`;
    for (const [name, value] of request.authorization) head += checkedLine(name, value, "TOKEN_INVALID");
    return `${head}\r\n`;
  };

/** Of an answer: what says how to read it. It is no page, whatever it says it is, and no cookie of it is ours. */
const RETURNED: ReadonlySet<string> = new Set([
  "content-type",
  "content-encoding",
  "content-length",
  "content-range",
  "accept-ranges",
  "etag",
  "last-modified",
  "retry-after",
  "warning",
  "audit-id",
  "sec-websocket-accept",
  "sec-websocket-protocol",
]);

const ALWAYS = [
  // Some of what such a server gives is anybody's: what a pod says of itself, or a page through its own proxy.
  ["Content-Security-Policy", "sandbox; frame-ancestors 'self'"],
  ["X-Content-Type-Options", "nosniff"],
  ["Cache-Control", "no-store"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Referrer-Policy", "same-origin"],
].flat();

export const narrowReturned =
  (narrow: Narrow): ((head: ResponseHead) => ReturnedHead) =>
  (head) => {
    const headers: string[] = [];
    for (let index = 0; index + 1 < head.headers.length; index += 2) {
      const name = head.headers[index] ?? "";
      const value = head.headers[index + 1] ?? "";
      const plain = name.toLowerCase();
      // RFC 9110 §8.6, as for any other answer.
      if (plain === "content-length" && head.status === 204) continue;
      if (RETURNED.has(plain)) headers.push(name, value);
      else if (plain === "location") {
        const there = narrow.location(value);
        if (there !== undefined) headers.push(name, there);
      }
    }
    headers.push(...ALWAYS);
    return { headers, dated: false };
  };
