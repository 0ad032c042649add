import { MiB, millis, type Millis } from "../../base/units.ts";

/** Within this time … */
const WINDOW = millis(250);
/** … this many bytes on one connection make a tunnel a place to avoid. */
const BYTES = MiB(1);

/** A connection as far as its traffic goes. */
export interface Mover {
  /** Bytes in both directions, ever. */
  readonly moved: number;
  /** `moved` at the last look. */
  movedBefore: number;
}

/** Whether one connection of a tunnel moves so much that others had better go elsewhere. */
export class Crowd {
  #looked: Millis;
  #crowded = false;

  constructor(now: Millis) {
    this.#looked = now;
  }

  /** Cheap enough for every dial: the rates are worked out once a window. */
  look(now: Millis, movers: Iterable<Mover>): boolean {
    const elapsed = now - this.#looked;
    if (elapsed < WINDOW) return this.#crowded;
    this.#looked = now;
    this.#crowded = false;
    for (const mover of new Set(movers)) {
      if (((mover.moved - mover.movedBefore) * WINDOW) / elapsed > BYTES) this.#crowded = true;
      mover.movedBefore = mover.moved;
    }
    return this.#crowded;
  }
}
