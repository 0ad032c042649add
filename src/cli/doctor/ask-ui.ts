import type { Duplex } from "node:stream";
import { KnownError, messageOf } from "../../base/errors.ts";
import { only, type RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";
import { VERSION } from "../../base/version.ts";
import type { Scheme } from "../../route/index.ts";

export interface UiRequest {
  /** Starts with "/". */
  readonly path: string;
  /** `Host`, as `kauth open` sends it. */
  readonly authority: string;
  readonly scheme: Scheme;
  /** Who the person is; empty to ask as nobody. */
  readonly headers: RawHeaders;
}

export interface UiAnswer {
  readonly status: number;
  /** Where a redirect leads. */
  readonly location: string | undefined;
}

/** The head of an answer; the largest that browsers take is some 64 KiB. */
const HEAD_LIMIT = 64 * 1024;
const ANSWER_WITHIN = millis(15_000);
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?:[ \r]|$)/;

/**
 * Asks a UI for one page and reads the head of its answer; the connection is closed then, and the body with it.
 * @throws {KnownError} UPSTREAM_INVALID, UPSTREAM_LATE, UPSTREAM_CUT, what the stream says; the signal's reason
 */
export async function askUi(stream: Duplex, request: UiRequest, signal: AbortSignal): Promise<UiAnswer> {
  try {
    return await new Promise<UiAnswer>((resolve, reject) => {
      const late = setTimeout(
        () =>
          reject(new KnownError("UPSTREAM_LATE", `The UI did not answer within ${ANSWER_WITHIN / 1000} s`)),
        ANSWER_WITHIN,
      );
      let text = "";
      const settle = (): void => clearTimeout(late);
      const fail = (error: unknown): void => {
        settle();
        reject(
          error instanceof KnownError || signal.aborted
            ? error
            : new KnownError("UPSTREAM_CUT", `The UI broke the connection off: ${messageOf(error)}`),
        );
      };
      stream.on("error", fail);
      stream.once("end", () => fail(new Error("it ended before its answer was there")));
      signal.addEventListener("abort", () => fail(signal.reason), { once: true });
      stream.on("data", (part: Buffer) => {
        text += part.toString("latin1");
        try {
          const answer = readHead(text);
          if (answer === undefined) return;
          settle();
          resolve(answer);
        } catch (error) {
          fail(error);
        }
      });
      stream.write(writeHead(request));
    });
  } finally {
    stream.destroy();
  }
}

const writeHead = ({ path, authority, scheme, headers }: UiRequest): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${authority}`,
    `User-Agent: kauth/${VERSION}`,
    "Accept: */*",
    "Connection: close",
    `X-Forwarded-Host: ${authority}`,
    `X-Forwarded-Proto: ${scheme}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");

/** Undefined as long as more is needed. @throws {KnownError} UPSTREAM_INVALID */
const readHead = (text: string): UiAnswer | undefined => {
  const invalid = (why: string): KnownError =>
    new KnownError("UPSTREAM_INVALID", `The UI's answer is no HTTP/1.1: ${why}`);
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) {
    if (text.length > HEAD_LIMIT) throw invalid(`its head is longer than ${HEAD_LIMIT} bytes`);
    if (text.length >= 12 && !STATUS_LINE.test(text)) throw invalid("it does not begin with a status");
    return undefined;
  }
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(STATUS_LINE.exec(first)?.[1] ?? "0");
  if (status === 0) throw invalid("it does not begin with a status");
  // Early hints and their like come before the answer.
  if (status < 200 && status !== 101) return readHead(text.slice(end + 4));
  const headers = lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(":");
    return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
  });
  return { status, location: only(headers, "location") };
};
