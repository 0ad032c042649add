import type { Duplex } from "node:stream";
import type { Bytes, Millis } from "../../base/units.ts";

export interface LineLimits {
  readonly bytes: Bytes;
  /** For the whole line. */
  readonly time: Millis;
}

const LINE_FEED = 0x0a;

/** The first line of a peer, without its end. Undefined: there was none in time, or it is too long. */
export async function readLine(peer: Duplex, limits: LineLimits): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      peer.off("data", take).off("end", none).off("close", none);
      resolve(line);
    };
    const none = (): void => settle(undefined);
    const timer = setTimeout(none, limits.time);
    const take = (part: Buffer): void => {
      const at = part.indexOf(LINE_FEED);
      size += at === -1 ? part.length : at;
      if (size > limits.bytes) {
        none();
        return;
      }
      parts.push(at === -1 ? part : part.subarray(0, at));
      if (at !== -1) settle(Buffer.concat(parts).toString("utf8"));
    };
    peer.on("error", none);
    peer.on("data", take).on("end", none).on("close", none);
  });
}
