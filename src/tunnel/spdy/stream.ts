import { Duplex } from "node:stream";
import { KnownError } from "../../base/errors.ts";
import { KiB, MiB } from "../../base/units.ts";
import { portError } from "../errors.ts";
import type { PortStream } from "../types.ts";

/** Unread bytes at which a connection that has the tunnel to itself stops the tunnel. */
const UNREAD_ALONE = MiB(1);
/** On a shared tunnel all others stop too, so it may hold more first. */
const UNREAD_SHARED = MiB(4);
/** Unread pieces: many tiny ones cost more memory than their bytes. */
const PIECES_MAX = 8192;
/** The longest text seen is about 500 bytes. */
const TEXT_MAX = KiB(4);
/** Housekeeping turns, about a second each, that a connection may be half over. */
const HALF_OVER_MAX = 3;

/** The tunnel, as a connection on it sees it. */
export interface StreamHost {
  /** Whether this is the tunnel's only connection. */
  readonly alone: boolean;
  readonly crowded: boolean;
  /** Takes the bytes; false: wait for `whenRoom` before the next. */
  send(streamId: number, chunk: Buffer | string, encoding: BufferEncoding): boolean;
  whenRoom(then: () => void): void;
  fin(streamId: number): void;
  reset(streamId: number): void;
  /** Over the limit (or no longer): the socket is not read while any connection is. */
  hold(stream: PodStream, held: boolean): void;
  /** The connection is over on our side. */
  forget(stream: PodStream): void;
  podGone(error: KnownError): void;
  /**
   * Servers before 1.32 do not reset a refused connection, and what was sent on it blocks one of the five workers that
   * read frames for as long as the tunnel lives: no new connections here.
   */
  taint(): void;
}

export interface PodStreamOptions {
  readonly port: number;
  readonly errorId: number;
  readonly dataId: number;
  readonly halfClose: boolean;
}

/** One connection to a port of the pod: a data stream and an error stream of the tunnel. */
export class PodStream extends Duplex implements PortStream {
  readonly port: number;
  readonly errorId: number;
  readonly dataId: number;
  /** Bytes in both directions. */
  moved = 0;
  /** `moved` when the tunnel last looked. */
  movedBefore = 0;
  readonly #host: StreamHost;
  readonly #halfClose: boolean;
  #finSent = false;
  #dataEnded = false;
  #errorEnded = false;
  #text = "";
  #sent = 0;
  #pieces = 0;
  #held = false;
  #halfOver = 0;

  constructor(host: StreamHost, options: PodStreamOptions) {
    super({ allowHalfOpen: false, decodeStrings: false, readableHighWaterMark: UNREAD_ALONE });
    this.#host = host;
    this.port = options.port;
    this.errorId = options.errorId;
    this.dataId = options.dataId;
    this.#halfClose = options.halfClose;
    // It may fail while nobody looks, idle in a pool: that must not end the process. `close` still tells.
    this.on("error", () => undefined);
  }

  get crowded(): boolean {
    return this.#host.crowded;
  }

  /** Bytes from the tunnel, for either of the two streams. */
  receive(streamId: number, piece: Buffer, fin: boolean): void {
    if (streamId === this.dataId) {
      if (piece.length > 0 && !this.#dataEnded) this.#take(piece);
      if (fin) this.#dataEnded = true;
    } else {
      if (this.#text.length < TEXT_MAX) this.#text += piece.toString("utf8", 0, TEXT_MAX - this.#text.length);
      if (fin) this.#errorEnded = true;
      if (fin && this.#text !== "" && this.#sent > 0) this.#host.taint();
    }
    if (fin) this.#settle();
  }

  /** RST_STREAM for either of the two streams. */
  receiveReset(streamId: number): void {
    if (streamId === this.errorId) {
      this.#errorEnded = true;
      this.#settle();
      return;
    }
    this.#dataEnded = true;
    this.#fail(
      this.#text === ""
        ? new KnownError("PORT_RESET", `The node cut the connection to port ${this.port} in the pod off`)
        : portError(this.#text, this.port),
    );
  }

  /** Once a second: a server that ends only one of the two streams must not keep us waiting. */
  tidy(): void {
    if (this.#text === "" && !this.#dataEnded) return;
    if (this.#dataEnded && this.#errorEnded) return;
    this.#halfOver += 1;
    if (this.#halfOver < HALF_OVER_MAX) return;
    this.#fail(
      this.#text === ""
        ? new KnownError(
            "PORT_FAILED",
            `The connection to port ${this.port} in the pod ended, and the node does not say how`,
          )
        : portError(this.#text, this.port),
    );
  }

  override _read(): void {
    this.#hold(false);
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.moved += chunk.length;
    this.#sent += chunk.length;
    if (this.#host.send(this.dataId, chunk, encoding)) done();
    else this.#host.whenRoom(done);
  }

  override _final(done: () => void): void {
    if (this.#halfClose) this.#sendFin();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#hold(false);
    this.#host.forget(this);
    if (this.#dataEnded) this.#sendFin();
    else this.#host.reset(this.dataId);
    done(error);
  }

  destroySoon(): void {
    if (!this.writableEnded) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #take(piece: Buffer): void {
    this.moved += piece.length;
    const unread = this.readableLength;
    if (unread === 0) {
      this.#pieces = 0;
      this.push(this.readableFlowing === true ? piece : detached(piece));
      return;
    }
    this.#pieces += 1;
    this.push(detached(piece));
    const limit = this.#host.alone ? UNREAD_ALONE : UNREAD_SHARED;
    if (unread + piece.length >= limit || this.#pieces > PIECES_MAX) this.#hold(true);
  }

  #settle(): void {
    if (!this.#errorEnded) return;
    if (this.#text !== "") this.#fail(portError(this.#text, this.port));
    // Only now is it known that the application ended it, and nothing refused or broke it.
    else if (this.#dataEnded) this.push(null);
  }

  #fail(error: KnownError): void {
    this.destroy(error);
    if (error.code === "POD_GONE") this.#host.podGone(error);
  }

  #hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#host.hold(this, held);
  }

  #sendFin(): void {
    if (this.#finSent) return;
    this.#finSent = true;
    this.#host.fin(this.dataId);
  }
}

/** A small piece of a large read would keep the whole of it while it waits. */
const detached = (piece: Buffer): Buffer =>
  piece.length * 4 < piece.buffer.byteLength ? Buffer.from(piece) : piece;
