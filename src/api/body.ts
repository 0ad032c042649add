import type { IncomingMessage } from "node:http";
import { parseJson } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { MiB, type Bytes } from "../base/units.ts";
import { networkFault } from "./network-fault.ts";

/** A list of some thousand pods; what we list is bounded by selectors. */
const BODY_LIMIT = MiB(32);
/** One event holds one object; etcd takes none above 1.5 MiB. */
const LINE_LIMIT = 4 * 1024 * 1024;

const tooLarge = (server: string, limit: number): KnownError =>
  new KnownError("API_FAILED", `An answer of ${server} is larger than ${limit} bytes`);

/** The whole body as text, bounded. @throws {KnownError} */
export async function readBody(
  message: IncomingMessage,
  server: string,
  signal: AbortSignal,
  limit: Bytes = BODY_LIMIT,
): Promise<string> {
  const parts: Buffer[] = [];
  let total = 0;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      total += part.length;
      if (total > limit) throw tooLarge(server, limit);
      parts.push(part);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason as Error;
    throw networkFault(error, server);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** JSON where it is JSON, else the text itself (gateways answer with HTML). */
export const parseBody = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
};

/** A body of one JSON document a line. @throws {KnownError} */
export async function* readLines(
  message: IncomingMessage,
  server: string,
  signal: AbortSignal,
): AsyncGenerator {
  let rest: Buffer[] = [];
  let held = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      let start = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, start)) {
        const line = Buffer.concat([...rest, chunk.subarray(start, at)]).toString("utf8");
        rest = [];
        held = 0;
        start = at + 1;
        if (line.trim() !== "") yield parseLine(line, server);
      }
      if (start < chunk.length) {
        rest.push(chunk.subarray(start));
        held += chunk.length - start;
        if (held > LINE_LIMIT) throw tooLarge(server, LINE_LIMIT);
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason as Error;
    throw networkFault(error, server);
  }
}

const parseLine = (line: string, server: string): unknown => {
  try {
    return parseJson(line);
  } catch (error) {
    throw new KnownError("API_FAILED", `An event of ${server} is no JSON`, { cause: error });
  }
};
