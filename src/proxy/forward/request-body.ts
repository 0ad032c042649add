import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { BodyFraming } from "./request-head.ts";

/** A body up to this size is kept, so that it can be sent again after a literal 401 (security.md R-N3). */
const KEPT = 64 * 1024;

const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export const bodyFraming = (request: IncomingMessage): BodyFraming => {
  if (request.headers["transfer-encoding"] !== undefined) return "chunked";
  const length = request.headers["content-length"];
  return length === undefined ? "none" : { length: Number(length) };
};

/** The body of a client's request on its way to the upstream, framed anew. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #chunked: boolean;
  #kept: Buffer[] | undefined = [];
  #size = 0;
  #complete = false;
  #target: Duplex | undefined;
  #reading = false;
  #stopped = false;
  /** The stream that has to drain before more is read. */
  #full: Duplex | undefined;

  constructor(request: IncomingMessage, chunked: boolean) {
    this.#request = request;
    this.#chunked = chunked;
  }

  /** The whole body has been handed to the stream in use. */
  get sent(): boolean {
    return this.#complete;
  }

  /** Whole and small enough to be sent once more. */
  get replayable(): boolean {
    return this.#complete && this.#kept !== undefined;
  }

  /** Sends what there is and what comes; a second call sends all of it again, and needs `replayable`. */
  sendTo(target: Duplex): void {
    this.#target = target;
    for (const part of this.#kept ?? []) this.#write(part);
    if (this.#complete) this.#end();
    if (this.#reading) return;
    this.#reading = true;
    this.#request.on("data", (part: Buffer) => this.#take(part));
    this.#request.once("end", () => {
      this.#complete = true;
      if (!this.#stopped) this.#end();
    });
    // The response's "close" tells of a client that leaves.
    this.#request.on("error", () => undefined);
  }

  /** Nobody wants the rest: it is read and thrown away, so that the connection can go on. */
  stop(): void {
    this.#stopped = true;
    this.#target = undefined;
    this.#kept = undefined;
    this.#request.resume();
  }

  #take(part: Buffer): void {
    if (this.#stopped) return;
    this.#size += part.length;
    if (this.#size > KEPT) this.#kept = undefined;
    else this.#kept?.push(part);
    this.#write(part);
  }

  #write(part: Buffer): void {
    const target = this.#target;
    if (target === undefined || target.destroyed || part.length === 0) return;
    let more: boolean;
    if (this.#chunked) {
      target.cork();
      target.write(`${part.length.toString(16)}\r\n`, "latin1");
      this.#hand(target, part);
      more = target.write(CRLF);
      target.uncork();
    } else more = this.#hand(target, part);
    if (more || this.#full === target) return;
    this.#full = target;
    this.#request.pause();
    target.once("drain", () => {
      this.#full = undefined;
      this.#request.resume();
    });
  }

  #hand(target: Duplex, part: Buffer): boolean {
    return this.#kept === undefined ? target.write(part, () => release(part)) : target.write(part);
  }

  #end(): void {
    if (this.#chunked && this.#target?.destroyed === false) this.#target.write(LAST_CHUNK);
  }
}

/** ES2024, which the types are not for; every Node from 21 on and bun have it. */
type Transferable = ArrayBufferLike & { readonly transfer: (length: number) => unknown };

/**
 * Gives the memory of a part back once the upstream has taken it. Left to V8, some 40 MiB of an upload wait for the next
 * collection, and each new part is memory that no cache holds.
 */
const release = (part: Buffer): void => {
  // A part that is a piece of something larger is not ours alone.
  if (part.length === part.buffer.byteLength) (part.buffer as Transferable).transfer(0);
};
