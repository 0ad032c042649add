import { timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

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
    const mine = Buffer.from(this.#value);
    const theirs = Buffer.from(other.#value);
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
