import { members, only, type RawHeaders } from "../../base/headers.ts";

const STREAM_PROTOCOL = "portforward.k8s.io";

export const spdyHeaders = (): RawHeaders => [
  ["Upgrade", "SPDY/3.1"],
  ["X-Stream-Protocol-Version", STREAM_PROTOCOL],
  ["Content-Length", "0"],
];

/** What is wrong with a 101, or undefined if it is ours. */
export function spdyFault(headers: RawHeaders): string | undefined {
  if (!members(headers, "connection").includes("upgrade")) return "its Connection is not Upgrade";
  if (!members(headers, "upgrade").some((value) => value.includes("spdy/3.1")))
    return "its Upgrade is not SPDY/3.1";
  if (only(headers, "x-stream-protocol-version") !== STREAM_PROTOCOL)
    return `its protocol is not ${STREAM_PROTOCOL}`;
  return undefined;
}

/** The server's 101, byte for byte. */
export const SPDY_ANSWER =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
  `X-Stream-Protocol-Version: ${STREAM_PROTOCOL}\r\n\r\n`;
