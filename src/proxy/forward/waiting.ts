import type { IncomingMessage } from "node:http";
import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { isBrowser } from "../guard.ts";
import type { Admitted, AskedRequest, SiteHooks } from "../types.ts";

/**
 * Requests of one site that may wait for it at once, and the bytes of their heads. Bodies are not read before there is
 * a stream.
 */
const HELD_MAX = 1_000;
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** Of the six connections that a browser has to an origin one stays free, for whatever a person clicks (security.md R-N5). */
const BROWSER_MAX = 5;
/** A quick failover needs no connection free. */
const PATIENCE = 2_000;
const LOOK = millis(500);

/** A request had to make way for another one of its browser. */
export class CrowdedError extends KnownError {
  constructor() {
    super("UPSTREAM_LATE", "Cannot hold a request any longer: the browser needs its connection");
  }
}

/** A request as hooks see it. */
export const askedOf = (request: IncomingMessage, upgrade: boolean): AskedRequest => ({
  method: request.method ?? "",
  target: request.url ?? "",
  headers: request.rawHeaders,
  upgrade,
});

export const waiterOf = (
  asked: AskedRequest,
  admitted: Admitted,
  of: {
    readonly hooks: SiteHooks | undefined;
    readonly since: number;
    readonly give: (error: KnownError) => void;
  },
): Waiter => {
  let bytes = asked.target.length;
  for (const text of asked.headers) bytes += text.length;
  return {
    session: admitted.session,
    browser: isBrowser(admitted.session),
    expendable: of.hooks?.expendable?.(asked) ?? false,
    bytes,
    since: of.since,
    give: of.give,
  };
};

/** A request that waits, for a credential or for the target. */
export interface Waiter {
  readonly session: string;
  /** A web session's: its browser has six connections. */
  readonly browser: boolean;
  /** May fail without harm. */
  readonly expendable: boolean;
  /** Of its head. */
  readonly bytes: number;
  /** Monotonic milliseconds. Tries that failed soon belong to the wait. */
  readonly since: number;
  /** Has to make way. */
  give(error: KnownError): void;
}

/** All requests of a site that wait. */
export class Waiting {
  readonly #system: System;
  readonly #waiters = new Set<Waiter>();
  #bytes = 0;
  #looking = false;

  constructor(system: System) {
    this.#system = system;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** @throws {KnownError} UPSTREAM_LATE: too many wait already */
  enter(waiter: Waiter): void {
    if (this.#waiters.size >= HELD_MAX || this.#bytes + waiter.bytes > HELD_BYTES_MAX)
      throw new KnownError(
        "UPSTREAM_LATE",
        `Cannot hold one more request: ${this.#waiters.size} wait for the UI already`,
      );
    this.#waiters.add(waiter);
    this.#bytes += waiter.bytes;
    if (!this.#looking) void this.#look();
  }

  leave(waiter: Waiter): void {
    if (this.#waiters.delete(waiter)) this.#bytes -= waiter.bytes;
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#waiters.size > 0) {
      await this.#system.sleep(LOOK);
      this.#makeRoom();
    }
    this.#looking = false;
  }

  #makeRoom(): void {
    const now = this.#system.monotonic();
    const bySession = new Map<string, Waiter[]>();
    for (const waiter of this.#waiters) {
      if (!waiter.browser || now - waiter.since < PATIENCE) continue;
      const of = bySession.get(waiter.session);
      if (of === undefined) bySession.set(waiter.session, [waiter]);
      else of.push(waiter);
    }
    for (const waiters of bySession.values()) {
      // Who waits longest is the likeliest to be given up by its page already.
      waiters.sort((one, other) => one.since - other.since);
      const order = [
        ...waiters.filter(({ expendable }) => expendable),
        ...waiters.filter((each) => !each.expendable),
      ];
      for (const waiter of order.slice(0, Math.max(0, waiters.length - BROWSER_MAX))) {
        this.leave(waiter);
        waiter.give(new CrowdedError());
      }
    }
  }
}
