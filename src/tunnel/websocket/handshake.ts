import { createHash } from "node:crypto";
import { members, only, type RawHeaders } from "../../base/headers.ts";

/** The name has a "/", which is no token of RFC 7230; that is why no stock WebSocket client can ask for it. */
export const TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io";

/** RFC 6455 §1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const acceptOf = (key: string): string => createHash("sha1").update(`${key}${GUID}`).digest("base64");

/** `key`: 16 random bytes in base64. */
export const websocketHeaders = (key: string): RawHeaders => [
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", key],
  ["Sec-WebSocket-Protocol", TUNNEL_PROTOCOL],
];

/** What is wrong with a 101, or undefined if it is ours. */
export function websocketFault(headers: RawHeaders, key: string): string | undefined {
  if (!members(headers, "upgrade").includes("websocket")) return "its Upgrade is not websocket";
  if (only(headers, "sec-websocket-accept") !== acceptOf(key)) return "its Sec-WebSocket-Accept is wrong";
  if (only(headers, "sec-websocket-protocol") !== TUNNEL_PROTOCOL)
    return `its subprotocol is not ${TUNNEL_PROTOCOL}`;
  if (members(headers, "sec-websocket-extensions").length > 0) return "it turned on an extension";
  return undefined;
}

/** The server's 101, byte for byte. `key` is the request's `Sec-WebSocket-Key`. */
export const websocketAnswer = (key: string): string =>
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Accept: ${acceptOf(key)}\r\nSec-WebSocket-Protocol: ${TUNNEL_PROTOCOL}\r\n\r\n`;
