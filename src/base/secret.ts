/** `inspect.custom` of node:util, which takes a millisecond to load. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Text that must never reach a log, an error or a terminal. Printing, JSON and `util.inspect` all give
 * `[secret]`; reading it is a verb that a reviewer can search for.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself. Call this only where it goes onto the wire, into a child's stdin or into a 0600 file. */
  reveal(): string {
    return this.#value;
  }

  /** Compares in a time that depends only on the lengths. */
  equals(other: Secret): boolean {
    const mine = this.#value;
    const theirs = other.#value;
    let difference = mine.length ^ theirs.length;
    for (let at = 0; at < mine.length; at++) difference |= mine.charCodeAt(at) ^ theirs.charCodeAt(at);
    return difference === 0;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [INSPECT](): string {
    return "[secret]";
  }
}
