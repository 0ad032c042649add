/**
 * WebSocket frames as they go by, without a change to a byte.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  /** Bits that only an extension gives a meaning. */
  readonly reserved: boolean;
}

export interface FrameSink {
  /** The bytes of a frame as they came: its header as a piece of its own, then its payload. `end` with the last one. */
  piece(bytes: Buffer, frame: Frame, of: { readonly header: boolean; readonly end: boolean }): void;
}

const CONTINUATION = 0;
const TEXT = 1;
export const CLOSE = 8;
/** RFC 6455 §7.4.1, IANA registry: the service is restarting. */
export const SERVICE_RESTART = 1012;

/** 2 bytes, 8 of length, 4 of mask. */
const HEADER_MAX = 14;
const CONTROL_MAX = 125;

/** Incremental; chunks may be cut anywhere. What is no WebSocket frame ends its reading, and nothing is thrown. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(HEADER_MAX);
  #filled = 0;
  #frame: Frame | undefined;
  #left = 0;
  #broken = false;
  #closed = false;
  /** Inside a message whose last frame has not come. */
  #open = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Between two frames, so that another one may be put in. */
  get atBorder(): boolean {
    return !this.#broken && this.#frame === undefined && this.#filled === 0;
  }

  /** A Close frame has gone by. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Something came that is no frame. */
  get broken(): boolean {
    return this.#broken;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#broken) {
      if (this.#frame === undefined) {
        this.#header[this.#filled] = chunk[at] ?? 0;
        this.#filled += 1;
        at += 1;
        this.#readHeader();
        continue;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      this.#left -= taken;
      this.#hand(chunk.subarray(at, at + taken), this.#frame, false);
      at += taken;
    }
  }

  #readHeader(): void {
    if (this.#filled < 2) return;
    const [first = 0, second = 0] = this.#header;
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const size = 2 + extended + ((second & 0x80) === 0 ? 0 : 4);
    if (this.#filled < size) return;
    const length =
      extended === 0
        ? short
        : extended === 2
          ? this.#header.readUInt16BE(2)
          : Number(this.#header.readBigUInt64BE(2));
    const frame = { opcode: first & 0x0f, fin: (first & 0x80) !== 0, reserved: (first & 0x70) !== 0 };
    if (!this.#isValid(frame, length)) {
      this.#broken = true;
      return;
    }
    if (frame.opcode < CLOSE) this.#open = !frame.fin;
    this.#filled = 0;
    this.#frame = frame;
    this.#left = length;
    this.#hand(Buffer.from(this.#header.subarray(0, size)), frame, true);
  }

  #isValid({ opcode, fin }: Frame, length: number): boolean {
    if (!Number.isSafeInteger(length)) return false;
    if (opcode >= CLOSE) return opcode <= 10 && fin && length <= CONTROL_MAX;
    return opcode <= 2 && (opcode === CONTINUATION) === this.#open;
  }

  #hand(bytes: Buffer, frame: Frame, header: boolean): void {
    const end = this.#left === 0;
    if (end) this.#frame = undefined;
    if (end && frame.opcode === CLOSE) this.#closed = true;
    this.#sink.piece(bytes, frame, { header, end });
  }
}

/** A server's frame: not masked, whole. @param payload at most 64 KiB */
const serverFrame = (opcode: number, payload: Buffer): Buffer => {
  const long = payload.length > CONTROL_MAX;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x80 | opcode;
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
};

export const textFrame = (text: string): Buffer => serverFrame(TEXT, Buffer.from(text));

/** @param reason at most 123 bytes */
export const closeFrame = (status: number, reason: string): Buffer => {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(status, 0);
  payload.write(reason, 2);
  return serverFrame(CLOSE, payload);
};
