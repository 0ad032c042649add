import { createHash } from "node:crypto";
import {
  dataPlane,
  HOST,
  request,
  type Client,
  type DataPlane,
  type PlaneOptions,
  type PodStream,
} from "./data-plane.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = createHash("sha1")
  .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest("base64");

/** A WebSocket as a page of the site asks for it. */
export const UPGRADE = request("GET /ws", [
  `Origin: http://${HOST}`,
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${KEY}`,
  "Sec-WebSocket-Protocol: base64.binary.k8s.io, v4.channel.k8s.io",
  "Cookie: a=1; __Host-kauth-0a1b2c3d=secret",
  "Authorization: Bearer EVIL",
]);

export const switching = (...lines: readonly string[]): string =>
  ["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n");
export const GOOD = switching("Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${ACCEPT}`);

export interface Joined {
  readonly plane: DataPlane;
  readonly client: Client;
  readonly pod: PodStream;
}

/** A WebSocket that a page has asked for and the pod has answered. */
export const upgraded = async (
  answer = GOOD,
  options: PlaneOptions = {},
): Promise<Joined & AsyncDisposable> => {
  const plane = dataPlane({ pod: (stream) => stream.say(answer), ...options });
  const client = await plane.ask(UPGRADE);
  const [pod] = plane.streams;
  if (pod === undefined) throw new TypeError("nothing was dialled");
  return { plane, client, pod, [Symbol.asyncDispose]: async () => await plane[Symbol.asyncDispose]() };
};
