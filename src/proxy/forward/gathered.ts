/** Bytes that all watches of a site may hold of events that are not whole yet. Real ones are held for a moment. */
const HELD_MAX = 64 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** What watches of one site hold together: a page can open some 250, and its UI can leave an event of each half said. */
export class EventMemory {
  used = 0;

  get full(): boolean {
    return this.used > HELD_MAX;
  }
}

/**
 * Joins what comes in pieces in memory of its own. A list of pieces would keep, for each single byte, the whole read or
 * the whole of Node's pool that it is a part of.
 */
export class Gathered {
  readonly #shared: EventMemory | undefined;
  #memory: Buffer = NOTHING;
  #size = 0;
  #pieces = 0;

  constructor(shared?: EventMemory) {
    this.#shared = shared;
  }

  get size(): number {
    return this.#size;
  }

  get pieces(): number {
    return this.#pieces;
  }

  /** All of it; good until the next piece. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#size);
  }

  add(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (size > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#memory.length * 2));
      this.#memory.copy(larger, 0, 0, this.#size);
      this.#memory = larger;
    }
    piece.copy(this.#memory, this.#size);
    this.#size = size;
    this.#pieces += 1;
    if (this.#shared !== undefined) this.#shared.used += piece.length;
  }

  /** All of it; it is the caller's from then on. */
  take(): Buffer {
    const all = this.bytes;
    if (this.#shared !== undefined) this.#shared.used -= this.#size;
    this.#memory = NOTHING;
    this.#size = 0;
    this.#pieces = 0;
    return all;
  }
}
