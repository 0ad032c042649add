import type { ServerResponse } from "node:http";

export interface Gathering {
  /** Bytes that wait for others. */
  readonly most: number;
  /** Milliseconds for which they do; 0: for others of the same turn of the event loop. */
  readonly time: number;
}

/** What of a body came together, to leave together: apart, each small chunk would be a write. */
export class Pieces {
  #first: Buffer | undefined;
  /** All of them, where there are several. */
  #all: Buffer[] | undefined;
  #size = 0;
  #waits = false;
  readonly #gathering: Gathering;

  constructor(gathering: Gathering) {
    this.#gathering = gathering;
  }

  /** They are many by now, and leave better without those that follow. */
  get full(): boolean {
    return this.#size >= this.#gathering.most;
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#all === undefined) this.#all = [this.#first, chunk];
    else this.#all.push(chunk);
  }

  /** Calls once for all that comes until then. */
  soon(flush: () => void): void {
    if (this.#waits) return;
    this.#waits = true;
    const then = (): void => {
      this.#waits = false;
      flush();
    };
    if (this.#gathering.time === 0) setImmediate(then);
    else setTimeout(then, this.#gathering.time);
  }

  take(): Buffer | undefined {
    const chunk = this.#all === undefined ? this.#first : Buffer.concat(this.#all);
    this.#first = undefined;
    this.#all = undefined;
    this.#size = 0;
    return chunk;
  }
}

/** Bytes of a body that are cheaper to copy than to write apart from the head. */
const JOINED = 16_384;

/** Ends an answer with the last part of its body. @param begun its head, or more, has gone out */
export const endWith = (response: ServerResponse, last: Buffer | undefined, begun: boolean): void => {
  if (last === undefined) response.end();
  // Node joins the head with a text, and so the whole answer is one write.
  else if (last.length <= JOINED && !begun) response.end(last.toString("latin1"), "latin1");
  else response.end(last);
};
