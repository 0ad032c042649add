/** What of a body came together, to leave together: apart, each small chunk would be a write. */
export class Pieces {
  #first: Buffer | undefined;
  /** All of them, where there are several. */
  #all: Buffer[] | undefined;

  add(chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#all === undefined) this.#all = [this.#first, chunk];
    else this.#all.push(chunk);
  }

  take(): Buffer | undefined {
    const chunk = this.#all === undefined ? this.#first : Buffer.concat(this.#all);
    this.#first = undefined;
    this.#all = undefined;
    return chunk;
  }
}
