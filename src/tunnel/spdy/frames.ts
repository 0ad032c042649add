import { KnownError } from "../../base/errors.ts";
import { KiB } from "../../base/units.ts";

/**
 * SPDY/3.1 as port-forward uses it, bytes ↔ frames.
 * @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
 */
export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;

export const FLAG_FIN = 1;
/** RST_STREAM status: the stream is no longer wanted, or the server refused it. */
export const CANCEL = 5;

export const FRAME_HEADER = 8;
export const STREAM_ID_MAX = 0x7fff_ffff;

const CONTROL = 0x8003_0000;
const CONTROL_BIT = 0x8000_0000;

/** The longest control frame in use is a SYN_STREAM of about 100 bytes; no server sends headers of any size. */
const CONTROL_MAX = KiB(16);
/**
 * DATA without a byte in a row, and control frames whatever comes between them, between two calls of `forgive()`, about
 * a second: 2000 connections that open and fail at once make some 10,000. More is a peer that burns our time.
 */
const FLOOD = 50_000;

/** What a parser calls, in the order of the bytes. */
export interface FrameSink {
  /** A piece of a DATA frame, as it came: a view into what was pushed. `fin` with the stream's last piece, which may be empty. */
  data(streamId: number, piece: Buffer, fin: boolean): void;
  /** A whole control frame. `payload` is only good during the call. */
  control(type: number, flags: number, payload: Buffer): void;
}

const malformed = (what: string): KnownError =>
  new KnownError("TUNNEL_PROTOCOL", `Cannot read the port-forward's SPDY frames: ${what}`);

/** Incremental; keeps no payload of DATA frames, so that a piece reaches its reader without a copy. */
export class FrameParser {
  readonly #sink: FrameSink;
  readonly #header = Buffer.allocUnsafe(FRAME_HEADER);
  #headerFilled = 0;
  /** Bytes of the current frame's payload that are still to come. */
  #left = 0;
  #streamId = 0;
  #fin = false;
  #type = 0;
  #flags = 0;
  #control: Buffer | undefined;
  #empty = 0;
  #controls = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Drops everything that is still to come, also the rest of a chunk that is being read. */
  stop(): void {
    this.#stopped = true;
  }

  /** A second went by: what makes a flood is counted anew. */
  forgive(): void {
    this.#empty = 0;
    this.#controls = 0;
  }

  /** @throws {KnownError} TUNNEL_PROTOCOL, after which the parser must not be used */
  push(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    while (at < end && !this.#stopped) {
      if (this.#left === 0) {
        if (this.#headerFilled === 0 && end - at >= FRAME_HEADER) {
          this.#begin(chunk, at);
          at += FRAME_HEADER;
        } else {
          const taken = Math.min(FRAME_HEADER - this.#headerFilled, end - at);
          chunk.copy(this.#header, this.#headerFilled, at, at + taken);
          this.#headerFilled += taken;
          at += taken;
          if (this.#headerFilled < FRAME_HEADER) return;
          this.#headerFilled = 0;
          this.#begin(this.#header, 0);
        }
        continue;
      }
      const taken = Math.min(this.#left, end - at);
      const piece = at === 0 && taken === end ? chunk : chunk.subarray(at, at + taken);
      at += taken;
      this.#left -= taken;
      if (this.#type === 0) this.#sink.data(this.#streamId, piece, this.#fin && this.#left === 0);
      else this.#controlPiece(piece);
    }
  }

  #begin(bytes: Buffer, at: number): void {
    const word = bytes.readUInt32BE(at);
    const rest = bytes.readUInt32BE(at + 4);
    const length = rest & 0xff_ffff;
    this.#flags = rest >>> 24;
    this.#left = length;
    if (word < CONTROL_BIT) {
      if (word === 0) throw malformed("DATA for stream 0");
      this.#type = 0;
      this.#streamId = word;
      this.#fin = (this.#flags & FLAG_FIN) !== 0;
      if (length > 0) {
        this.#empty = 0;
        return;
      }
      this.#empty += 1;
      if (this.#empty > FLOOD) throw malformed("a flood of frames without payload");
      if (this.#fin) this.#sink.data(word, bytes.subarray(at, at), true);
      return;
    }
    if ((word & 0x7fff_0000) !== (CONTROL & 0x7fff_0000)) {
      throw malformed(`version ${(word >>> 16) & 0x7fff}, wanted 3`);
    }
    this.#type = word & 0xffff;
    if (this.#type === 0) throw malformed("control frame of type 0");
    if (length > CONTROL_MAX)
      throw malformed(`control frame of ${length} bytes, wanted at most ${CONTROL_MAX}`);
    this.#controls += 1;
    if (this.#controls > FLOOD) throw malformed("a flood of control frames");
    this.#control = undefined;
    if (length === 0) this.#sink.control(this.#type, this.#flags, bytes.subarray(at, at));
  }

  #controlPiece(piece: Buffer): void {
    if (this.#control === undefined && this.#left === 0) {
      this.#sink.control(this.#type, this.#flags, piece);
      return;
    }
    this.#control = this.#control === undefined ? Buffer.from(piece) : Buffer.concat([this.#control, piece]);
    if (this.#left > 0) return;
    const whole = this.#control;
    this.#control = undefined;
    this.#sink.control(this.#type, this.#flags, whole);
  }
}

/** Writes a DATA frame's 8 bytes at `at`. */
export function writeDataHeader(
  into: Buffer,
  at: number,
  frame: { readonly streamId: number; readonly length: number; readonly fin: boolean },
): void {
  into.writeUInt32BE(frame.streamId, at);
  into.writeUInt32BE((frame.fin ? FLAG_FIN << 24 : 0) + frame.length, at + 4);
}

const controlFrame = (type: number, flags: number, ...words: readonly number[]): Buffer => {
  const frame = Buffer.allocUnsafe(FRAME_HEADER + words.length * 4);
  frame.writeUInt32BE(CONTROL + type, 0);
  frame.writeUInt32BE(flags * 0x100_0000 + words.length * 4, 4);
  words.forEach((word, index) => frame.writeUInt32BE(word, FRAME_HEADER + index * 4));
  return frame;
};

const withBlock = (type: number, flags: number, fields: Buffer, block: Buffer): Buffer => {
  const head = controlFrame(type, flags);
  head.writeUIntBE(fields.length + block.length, 5, 3);
  return Buffer.concat([head, fields, block]);
};

export function synStream(frame: {
  readonly streamId: number;
  readonly fin: boolean;
  readonly block: Buffer;
}): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt32BE(frame.streamId, 0);
  return withBlock(SYN_STREAM, frame.fin ? FLAG_FIN : 0, fields, frame.block);
}

export function synReply(frame: { readonly streamId: number; readonly block: Buffer }): Buffer {
  const fields = Buffer.alloc(4);
  fields.writeUInt32BE(frame.streamId, 0);
  return withBlock(SYN_REPLY, 0, fields, frame.block);
}

export const dataFrame = (frame: {
  readonly streamId: number;
  readonly payload: Buffer;
  readonly fin: boolean;
}): Buffer => {
  const head = Buffer.allocUnsafe(FRAME_HEADER);
  writeDataHeader(head, 0, { streamId: frame.streamId, length: frame.payload.length, fin: frame.fin });
  return Buffer.concat([head, frame.payload]);
};

export const rstStream = (streamId: number, status: number): Buffer =>
  controlFrame(RST_STREAM, 0, streamId, status);

export const ping = (id: number): Buffer => controlFrame(PING, 0, id);

/** Status 0: an orderly end. */
export const goaway = (lastStreamId: number): Buffer => controlFrame(GOAWAY, 0, lastStreamId, 0);

/** Reads a 31-bit stream id, and checks that the payload is long enough. */
export function streamIdOf(payload: Buffer, type: string, length: number): number {
  if (payload.length < length) throw malformed(`${type} of ${payload.length} bytes, wanted ${length}`);
  return payload.readUInt32BE(0) & STREAM_ID_MAX;
}

/** @throws {KnownError} TUNNEL_PROTOCOL */
export function pingId(payload: Buffer): number {
  if (payload.length !== 4) throw malformed(`PING of ${payload.length} bytes, wanted 4`);
  return payload.readUInt32BE(0);
}
