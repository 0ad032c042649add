import { KnownError } from "../../base/errors.ts";
import { TOKEN } from "../../base/headers.ts";

/** Status line and fields of an answer, as received. */
export interface ResponseHead {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Bytes of the body as announced; undefined for chunked and close-delimited bodies. */
  readonly length: number | undefined;
  /** Whether the stream may carry another request afterwards. */
  readonly reusable: boolean;
}

export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** The answer is whole. `rest` bytes came after it: nobody asked for them. */
  onComplete(rest: number): void;
}

/** Bytes. Servers send 8 KiB by default; UIs with a large CSP reach 20 (security.md R-F5). */
const HEAD_LIMIT = 64 * 1024;
/** 100, 103 and 102 come once or twice. */
const INTERIM_LIMIT = 10;
/** A chunk's size has at most 13 digits below 2^53; extensions are discarded. */
const CHUNK_LINE_LIMIT = 4 * 1024;
const TRAILER_LIMIT = 16 * 1024;

const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/;

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

const NOTHING = Buffer.alloc(0);

type State =
  | "head"
  | "length"
  | "close"
  | "chunk-size"
  | "chunk-data"
  | "chunk-end"
  | "trailer"
  | "switched"
  | "done";

const wrong = (what: string): KnownError =>
  new KnownError("UPSTREAM_INVALID", `The UI answered with something that is no valid HTTP/1.1: ${what}`);

/**
 * Reads one answer from bytes in any pieces, and nothing that two parsers could read in two ways (RFC 9112 §6,
 * security.md R-F1, R-F2, R-F5).
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #bodyless: boolean;
  readonly #upgrade: boolean;
  #state: State = "head";
  /** A head or a line that is not whole yet: the first `#size` bytes of memory that grows by doubling. */
  #held: Buffer = NOTHING;
  #size = 0;
  #left = 0;
  #interim = 0;
  #trailer = 0;

  /** @param request its method decides whether a body follows; `upgrade`: 101 is a welcome answer */
  constructor(sink: ResponseSink, request: { readonly method: string; readonly upgrade: boolean }) {
    this.#sink = sink;
    this.#bodyless = request.method === "HEAD";
    this.#upgrade = request.upgrade;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** @throws {KnownError} UPSTREAM_INVALID */
  push(chunk: Buffer): void {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined && rest.length > 0) {
      if (this.#size === 0) rest = this.#plainChunks(rest);
      if (rest.length > 0) rest = this.#step(rest);
    }
  }

  /** The stream has ended. @throws {KnownError} UPSTREAM_CUT when the answer was not whole */
  end(): void {
    if (this.#state === "close") {
      this.#state = "done";
      this.#sink.onComplete(0);
    } else if (this.#state !== "done" && this.#state !== "switched")
      throw new KnownError("UPSTREAM_CUT", "The UI broke its answer off");
  }

  #step(chunk: Buffer): Buffer | undefined {
    switch (this.#state) {
      case "head":
        return this.#head(chunk);
      case "length":
        return this.#counted(chunk);
      case "close":
        this.#sink.onBody(chunk);
        return undefined;
      case "chunk-size":
        return this.#chunkSize(chunk);
      case "chunk-data":
        return this.#counted(chunk);
      case "chunk-end":
        return this.#chunkEnd(chunk);
      case "trailer":
        return this.#trailerLine(chunk);
      case "switched":
        this.#sink.onBody(chunk);
        return undefined;
      case "done":
        return undefined;
    }
  }

  /**
   * Chunks whose framing is whole and as most write it: a list of an API server has a thousand, and they are most of
   * its cost. What is left of `chunk` is for `#step`, which reads all framing there is, and refuses what is wrong.
   */
  #plainChunks(chunk: Buffer): Buffer {
    let at = 0;
    while (at < chunk.length)
      if (this.#state === "chunk-data") {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = "chunk-end";
        this.#sink.onBody(chunk.subarray(at, end));
        at = end;
      } else if (this.#state === "chunk-end" && chunk[at] === CR && chunk[at + 1] === LF) {
        this.#state = "chunk-size";
        at += 2;
      } else {
        const line = this.#state === "chunk-size" ? plainSize(chunk, at) : undefined;
        if (line === undefined) break;
        this.#left = line.size;
        this.#state = "chunk-data";
        at = line.end;
      }
    return at === 0 ? chunk : chunk.subarray(at);
  }

  #head(chunk: Buffer): Buffer | undefined {
    const seen = this.#size;
    const bytes = this.#joined(chunk);
    const end = bytes.indexOf("\r\n\r\n", Math.max(0, seen - 3));
    if (end === -1) {
      if (bytes.length > HEAD_LIMIT) throw wrong("its headers are larger than 64 KiB");
      // A peer that speaks another protocol, or ends its lines in another way, would else be waited for.
      if (seen < 5 && !"HTTP/".startsWith(bytes.toString("latin1", 0, 5)))
        throw wrong("it does not start with HTTP/");
      if (hasBareLineFeed(bytes, seen)) throw wrong("a bare line feed");
      this.#hold(bytes);
      return undefined;
    }
    if (end > HEAD_LIMIT) throw wrong("its headers are larger than 64 KiB");
    this.#size = 0;
    const rest = end + 4 < bytes.length ? bytes.subarray(end + 4) : undefined;
    const bodyless = this.#readHead(bytes.toString("latin1", 0, end));
    return bodyless ? this.#finish(rest) : rest;
  }

  /** Whether the answer ends with this head. */
  #readHead(text: string): boolean {
    const lines = text.split("\r\n");
    const line = STATUS_LINE.exec(lines[0] ?? "");
    if (line === null || /[\n\r\0]/.test(lines[0] ?? "")) throw wrong("the status line");
    const status = Number(line[2]);
    if (status < 100 || status > 599) throw wrong(`status ${status}`);
    const headers: string[] = [];
    const facts = {
      length: undefined as string | undefined,
      coding: undefined as string | undefined,
      close: line[1] === "0",
    };
    for (let index = 1; index < lines.length; index++) readField(lines[index] ?? "", headers, facts);
    if (status < 200) {
      this.#readInterim(status, headers);
      return false;
    }
    return this.#frame(status, headers, facts, line[1] === "0");
  }

  #readInterim(status: number, headers: string[]): void {
    if (status === 101) {
      if (!this.#upgrade) throw wrong("it switched protocols unasked");
      this.#state = "switched";
      this.#sink.onHead({ status, headers, length: undefined, reusable: false });
      return;
    }
    this.#interim += 1;
    if (this.#interim > INTERIM_LIMIT) throw wrong(`more than ${INTERIM_LIMIT} interim answers`);
  }

  #frame(status: number, headers: string[], facts: FramingFacts, old: boolean): boolean {
    const { coding } = facts;
    if (coding !== undefined && (coding.toLowerCase() !== "chunked" || old || facts.length !== undefined))
      throw wrong("its framing");
    if (facts.length !== undefined && !LENGTH.test(facts.length)) throw wrong("its Content-Length");
    const announced = facts.length === undefined ? undefined : Number(facts.length);
    const empty = this.#bodyless || status === 204 || status === 304;
    const closing = !empty && coding === undefined && announced === undefined;
    const reusable = !facts.close && !closing;
    this.#sink.onHead({ status, headers, length: announced, reusable });
    if (empty || announced === 0) return true;
    if (coding !== undefined) this.#state = "chunk-size";
    else if (announced === undefined) this.#state = "close";
    else {
      this.#left = announced;
      this.#state = "length";
    }
    return false;
  }

  #counted(chunk: Buffer): Buffer | undefined {
    const most = this.#left;
    const part = chunk.length <= most ? chunk : chunk.subarray(0, most);
    this.#left -= part.length;
    const rest = chunk.length > most ? chunk.subarray(most) : undefined;
    this.#sink.onBody(part);
    if (this.#left > 0) return undefined;
    if (this.#state === "length") return this.#finish(rest);
    this.#state = "chunk-end";
    return rest;
  }

  #finish(rest: Buffer | undefined): Buffer | undefined {
    this.#state = "done";
    this.#sink.onComplete(rest?.length ?? 0);
    return undefined;
  }

  #chunkSize(chunk: Buffer): Buffer | undefined {
    const line = this.#line(chunk, CHUNK_LINE_LIMIT);
    if (line === undefined) return undefined;
    const size = CHUNK_SIZE.exec(line.text);
    if (size === null || /[\n\r\0]/.test(line.text)) throw wrong("the size of a chunk");
    this.#left = Number.parseInt(size[1] ?? "", 16);
    if (!Number.isSafeInteger(this.#left)) throw wrong("the size of a chunk");
    this.#state = this.#left === 0 ? "trailer" : "chunk-data";
    return line.rest;
  }

  #chunkEnd(chunk: Buffer): Buffer | undefined {
    const line = this.#line(chunk, 0);
    if (line === undefined) return undefined;
    this.#state = "chunk-size";
    return line.rest;
  }

  /** Trailers are read and discarded: nothing behind a body may change what its head said. */
  #trailerLine(chunk: Buffer): Buffer | undefined {
    const line = this.#line(chunk, TRAILER_LIMIT);
    if (line === undefined) return undefined;
    if (line.text === "") return this.#finish(line.rest);
    this.#trailer += line.text.length;
    if (this.#trailer > TRAILER_LIMIT) throw wrong("its trailers are larger than 16 KiB");
    return line.rest;
  }

  /** Up to CRLF, of at most `limit` characters. */
  #line(
    chunk: Buffer,
    limit: number,
  ): { readonly text: string; readonly rest: Buffer | undefined } | undefined {
    const seen = this.#size;
    const bytes = this.#joined(chunk);
    const end = bytes.indexOf(LF, seen);
    if ((end === -1 ? bytes.length : end) > limit + 1) throw wrong("a line of its body's framing");
    if (end === -1) {
      this.#hold(bytes);
      return undefined;
    }
    if (end === 0 || bytes[end - 1] !== CR) throw wrong("a bare line feed");
    this.#size = 0;
    return {
      text: bytes.toString("latin1", 0, end - 1),
      rest: end + 1 < bytes.length ? bytes.subarray(end + 1) : undefined,
    };
  }

  /** What is held and what came. Each byte is copied a few times at most, however small the pieces are. */
  #joined(chunk: Buffer): Buffer {
    if (this.#size === 0) return chunk;
    const size = this.#size + chunk.length;
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafe(size * 2);
      this.#held.copy(larger, 0, 0, this.#size);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#size);
    return this.#held.subarray(0, size);
  }

  /** Keeps all of what `#joined` gave. */
  #hold(bytes: Buffer): void {
    if (this.#size === 0) this.#held = Buffer.from(bytes);
    this.#size = bytes.length;
  }
}

/** Digits of a size below 256 MiB. */
const PLAIN_DIGITS = 7;

/** The size of a chunk, and where the line ends; undefined: there is more to it, or it is the last one's. */
const plainSize = (
  bytes: Buffer,
  from: number,
): { readonly size: number; readonly end: number } | undefined => {
  let size = 0;
  for (let at = from; at <= from + PLAIN_DIGITS; at += 1) {
    const code = bytes[at];
    if (code === CR) return size > 0 && bytes[at + 1] === LF ? { size, end: at + 2 } : undefined;
    const digit = code === undefined ? -1 : hexDigit(code);
    if (digit === -1) return undefined;
    size = size * 16 + digit;
  }
  return undefined;
};

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

interface FramingFacts {
  length: string | undefined;
  coding: string | undefined;
  close: boolean;
}

const hasBareLineFeed = (bytes: Buffer, from: number): boolean => {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1))
    if (bytes[at - 1] !== CR) return true;
  return false;
};

const isSpace = (code: number): boolean => code === SPACE || code === TAB;

/** RFC 9110 §5.6.3. `trim` would also take a form feed, or the last byte of an "à" in UTF-8. */
const withoutSpace = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
};

const readField = (line: string, headers: string[], facts: FramingFacts): void => {
  const colon = line.indexOf(":");
  const name = colon === -1 ? "" : line.slice(0, colon);
  const value = withoutSpace(line.slice(colon + 1));
  // A line that starts with white space would continue the one before it (obs-fold).
  if (!TOKEN.test(name)) throw wrong("the name of a header");
  if (!VALUE.test(value)) throw wrong(`the value of header "${name}"`);
  headers.push(name, value);
  switch (name.length) {
    case 10:
      if (name.toLowerCase() === "connection" && /\bclose\b/i.test(value)) facts.close = true;
      break;
    case 14:
      if (name.toLowerCase() === "content-length") {
        if (facts.length !== undefined) throw wrong("two lines of Content-Length");
        facts.length = value;
      }
      break;
    case 17:
      if (name.toLowerCase() === "transfer-encoding") {
        if (facts.coding !== undefined) throw wrong("two lines of Transfer-Encoding");
        facts.coding = value;
      }
      break;
    default:
  }
};
