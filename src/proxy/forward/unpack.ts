import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import * as zlib from "node:zlib";
import { KnownError } from "../../base/errors.ts";
import type { ResponseHead, ResponseSink } from "./response-parser.ts";

/** Whoever takes an answer that may have been packed on its way. */
export interface UnpackedSink extends ResponseSink {
  /** The upstream has said all, and some of it is still to come. @param rest as of `onComplete` */
  onWhole(rest: number): void;
  /** Some of the body has come that may be handed on. */
  handOn(): void;
  onFailure(error: Error): void;
}

/** Bytes of what is unpacked at once. */
const CHUNK = 256 * 1024;
const ENCODING = "content-encoding";

/**
 * Whether an answer may come packed though the client has not said that it can read that (`curl` does not): an API
 * server takes longer to send a list plain than to pack it.
 */
export const mayUnpack = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && headers["accept-encoding"] === undefined && headers.range === undefined;

/** Hands an answer on, and where that is wanted as it was before it was packed with gzip. */
export class Unpack implements ResponseSink {
  readonly #sink: UnpackedSink;
  /** Undefined once it may be somebody else's. */
  #from: Duplex | undefined;
  readonly #wanted: boolean;
  #packed = false;
  #gunzip: zlib.Gunzip | undefined;

  /** @param from where the answer comes from @param wanted whether one that is packed is unpacked */
  constructor(sink: UnpackedSink, from: Duplex, wanted: boolean) {
    this.#sink = sink;
    this.#from = from;
    this.#wanted = wanted;
  }

  onHead(head: ResponseHead): void {
    const { headers } = head;
    this.#packed = this.#wanted && isGzip(headers);
    if (!this.#packed) {
      this.#sink.onHead(head);
      return;
    }
    const without = new Set([ENCODING, "content-length"]);
    this.#sink.onHead({
      ...head,
      headers: headers.filter((_, index) => !without.has((headers[index - (index % 2)] ?? "").toLowerCase())),
      length: undefined,
    });
  }

  onBody(chunk: Buffer): void {
    if (this.#packed) (this.#gunzip ??= this.#open()).write(chunk);
    else this.#sink.onBody(chunk);
  }

  onComplete(rest: number): void {
    // Nothing is no gzip, and an answer may have no body.
    if (this.#gunzip === undefined) {
      this.#sink.onComplete(rest);
      return;
    }
    this.#from?.resume();
    this.#from = undefined;
    this.#sink.onWhole(rest);
    this.#gunzip.end();
  }

  /** Nothing more is taken from the upstream, nor handed on, until `resume`. */
  pause(): void {
    this.#from?.pause();
    this.#gunzip?.pause();
  }

  resume(): void {
    this.#from?.resume();
    this.#gunzip?.resume();
  }

  destroy(): void {
    this.#gunzip?.destroy();
  }

  #open(): zlib.Gunzip {
    const gunzip = zlib.createGunzip({ chunkSize: CHUNK });
    gunzip.on("data", (chunk: Buffer) => {
      this.#sink.onBody(chunk);
      this.#sink.handOn();
    });
    gunzip.once("end", () => this.#sink.onComplete(0));
    gunzip.once("error", (error) =>
      this.#sink.onFailure(
        new KnownError("UPSTREAM_INVALID", "Cannot unpack an answer: it is no valid gzip", {
          cause: error,
        }),
      ),
    );
    return gunzip;
  }
}

const isGzip = (headers: readonly string[]): boolean => {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === ENCODING);
  return at !== -1 && headers[at + 1]?.toLowerCase() === "gzip";
};
