import { KnownError } from "../../src/base/errors.ts";
import { millis } from "../../src/base/units.ts";
import type { Resumable, SiteHooks } from "../../src/proxy/index.ts";
import {
  dataPlane,
  HOST,
  request,
  settle,
  type Client,
  type DataPlane,
  type PlaneOptions,
  type PodStream,
} from "./data-plane.ts";
import { GOOD, KEY } from "./upgraded.ts";

/**
 * A made-up protocol of events, so that the proxy is tested without Kubernetes: `{"v": 7}`, and `{"end": true}`. With
 * `never` in the query it cannot be resumed.
 */
const resumableOf = (target: string): Resumable => {
  let version = Number(new URL(target, "http://x").searchParams.get("from"));
  let last = 0;
  let over = target.includes("never");
  return {
    farewell: '{"again":true}',
    see: (text) => {
      let event: { v?: number; end?: boolean };
      try {
        event = JSON.parse(text) as typeof event;
      } catch {
        return "foreign";
      }
      if (event.end === true) {
        over = true;
        return "over";
      }
      if (event.v === undefined) return "foreign";
      if (event.v === last) return "drop";
      last = event.v;
      version = last;
      return "pass";
    },
    again: () => (over ? undefined : `/events?from=${version}`),
  };
};

export const HOOKS: SiteHooks = {
  resumable: ({ target }) => (target.startsWith("/events") ? resumableOf(target) : undefined),
};

/** A server's text frame. */
export const textOf = (text: string, fin = true, opcode = 1): Buffer => {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([(fin ? 0x80 : 0) | opcode, payload.length])
      : Buffer.from([(fin ? 0x80 : 0) | opcode, 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, payload]);
};

/** One event's text. */
export const eventText = (version: number): string => JSON.stringify({ v: version });
export const eventTexts = (...versions: readonly number[]): string[] => versions.map(eventText);
/** One event as a server's frame. */
export const event = (version: number): Buffer => textOf(eventText(version));

/** The tunnel below a watch dies. */
export const lost = (stream: PodStream | undefined): void =>
  stream?.fail(new KnownError("TUNNEL_LOST", "lost"));

/** Lets time pass until all is at rest, as long as somebody tries again. */
export const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 50) {
    plane.advance(Math.min(50, left));
    await settle();
  }
};

export const EVENTS = (from: number, more = ""): string =>
  request(`GET /events?from=${from}${more}`, [
    `Origin: http://${HOST}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Extensions: permessage-deflate",
  ]);

const LIMITS = {
  dial: millis(120_000),
  navigation: millis(1_000),
  authorize: millis(60_000),
  change: millis(5_000),
};

/** What the browser's side got, frame by frame: texts of messages, and `close STATUS REASON`. */
export const heardBy = (client: Client): string[] => {
  const bytes = Buffer.from(client.text.slice(client.text.indexOf("\r\n\r\n") + 4), "latin1");
  const heard: string[] = [];
  let open = "";
  for (let at = 0; at + 2 <= bytes.length;) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    const long = second === 126;
    const size = long ? bytes.readUInt16BE(at + 2) : second;
    const from = at + (long ? 4 : 2);
    if (from + size > bytes.length) {
      heard.push(`cut ${bytes.length - at}`);
      break;
    }
    const payload = bytes.subarray(from, from + size);
    const opcode = first & 15;
    if (opcode === 8)
      heard.push(`close ${size < 2 ? "" : payload.readUInt16BE(0)} ${payload.toString("utf8", 2)}`.trim());
    else if (opcode > 8) heard.push(`control ${opcode}`);
    else {
      open += payload.toString();
      if ((first & 0x80) !== 0) {
        heard.push(open);
        open = "";
      }
    }
    at = from + size;
  }
  return heard;
};

export const watchPlane = (options: PlaneOptions = {}): DataPlane =>
  dataPlane({ limits: LIMITS, ...options, site: { hooks: HOOKS, ...options.site } });

export { GOOD };
