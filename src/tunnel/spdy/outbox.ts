import { KiB, MiB } from "../../base/units.ts";
import type { Wire } from "../wire.ts";
import { FRAME_HEADER, writeDataHeader } from "./frames.ts";

/** In front of a slab's frames there is room for the header of the carrier, on a border of 4 for its mask. */
export const HEADROOM = 16;

/** One write at most. Larger ones were no faster and let a large transfer hold up the small ones. */
const SLAB = KiB(256);
/** More than this is unwritten: producers wait. With a slow network this is what a tunnel holds. */
const HIGH = MiB(1);
const LOW = KiB(512);
/** Slabs that are kept for the next write, so that their pages are not touched for the first time again. */
const KEPT = 4;
/** Larger DATA frames gain nothing and hold up other streams. */
const PAYLOAD_MAX = KiB(64);

/**
 * Frames of all streams, gathered into one buffer and written once a turn of the event loop: one TLS record and one
 * system call for whatever the turn brought. Everything is copied exactly once, into memory that is used again.
 */
export class Outbox {
  readonly #wire: Wire;
  readonly #free: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Full slabs behind the one that is being written. */
  readonly #ready: { readonly slab: Buffer; readonly size: number }[] = [];
  #slab: Buffer | undefined;
  #end = HEADROOM;
  #writing = false;
  #whenEmpty: (() => void) | undefined;
  #scheduled = false;
  #unwritten = 0;
  #written = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Bytes that the kernel has not taken. */
  get unwritten(): number {
    return this.#unwritten + this.#end - HEADROOM;
  }

  /** Bytes that the kernel took, ever. */
  get written(): number {
    return this.#written;
  }

  get full(): boolean {
    return this.unwritten > HIGH;
  }

  /** Calls back once there is room again; never if the tunnel dies first. */
  whenRoom(then: () => void): void {
    this.#waiting.push(then);
  }

  control(frame: Buffer): void {
    this.#reserve(frame.length);
    this.#end += frame.copy(this.#slabNow(), this.#end);
  }

  data(
    streamId: number,
    payload: Buffer | string,
    options: { encoding: BufferEncoding; fin: boolean },
  ): void {
    if (typeof payload === "string") {
      this.#text(streamId, payload, options);
      return;
    }
    let at = 0;
    do {
      const length = Math.min(payload.length - at, PAYLOAD_MAX);
      this.#reserve(FRAME_HEADER + length);
      const slab = this.#slabNow();
      const fin = options.fin && at + length === payload.length;
      writeDataHeader(slab, this.#end, { streamId, length, fin });
      payload.copy(slab, this.#end + FRAME_HEADER, at, at + length);
      this.#end += FRAME_HEADER + length;
      at += length;
    } while (at < payload.length);
  }

  /** Writes what was gathered, now or as soon as the write before it is done. */
  flush(): void {
    this.#scheduled = false;
    if (!this.#writing) this.#next();
  }

  /** Calls back once everything is written, which may be now; never if the tunnel dies first. */
  whenEmpty(then: () => void): void {
    this.flush();
    if (this.unwritten === 0) then();
    else this.#whenEmpty = then;
  }

  /** One write at a time: Node copies those that pile up into one, and what waits here still grows. */
  #next(): void {
    if (this.#ready.length === 0) this.#shelve();
    const ready = this.#ready.shift();
    if (ready === undefined) return;
    this.#writing = true;
    this.#wire.send(ready.slab, HEADROOM + ready.size, () => this.#done(ready.slab, ready.size));
  }

  #shelve(): void {
    if (this.#slab === undefined) return;
    const size = this.#end - HEADROOM;
    this.#ready.push({ slab: this.#slab, size });
    this.#unwritten += size;
    this.#slab = undefined;
    this.#end = HEADROOM;
  }

  #text(streamId: number, text: string, options: { encoding: BufferEncoding; fin: boolean }): void {
    // A character of UTF-8 takes up to three bytes for each unit of UTF-16; hex and base64 take fewer.
    if (text.length * 3 > PAYLOAD_MAX) {
      this.data(streamId, Buffer.from(text, options.encoding), options);
      return;
    }
    this.#reserve(FRAME_HEADER + text.length * 3);
    const slab = this.#slabNow();
    const length = slab.write(text, this.#end + FRAME_HEADER, options.encoding);
    writeDataHeader(slab, this.#end, { streamId, length, fin: options.fin });
    this.#end += FRAME_HEADER + length;
  }

  #reserve(size: number): void {
    if (this.#slab !== undefined && this.#end + size > SLAB) {
      this.#shelve();
      this.flush();
    }
    this.#slab ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Not a microtask: those run between two sockets' events, and a turn's requests would leave one by one.
    setImmediate(() => {
      if (this.#scheduled) this.flush();
    });
  }

  #slabNow(): Buffer {
    if (this.#slab === undefined) throw new TypeError("no slab was reserved");
    return this.#slab;
  }

  #done(slab: Buffer, size: number): void {
    this.#writing = false;
    this.#unwritten -= size;
    this.#written += size;
    if (this.#free.length < KEPT) this.#free.push(slab);
    if (!this.#scheduled || this.#ready.length > 0) this.#next();
    if (this.unwritten === 0) this.#whenEmpty?.();
    if (this.#waiting.length === 0 || this.unwritten > LOW) return;
    for (const then of this.#waiting.splice(0)) then();
  }
}
