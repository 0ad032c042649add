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
  of: { readonly hooks: SiteHooks | undefined; readonly give: (error: KnownError) => void },
): Waiter => {
  let bytes = asked.target.length;
  for (const text of asked.headers) bytes += text.length;
  return {
    session: admitted.session,
    browser: isBrowser(admitted.session),
    expendable: of.hooks?.expendable?.(asked) ?? false,
    bytes,
    give: of.give,
  };
};

/** A request that waits for the target. */
export interface Waiter {
  readonly session: string;
  /** A web session's: its browser has six connections. */
  readonly browser: boolean;
  /** May fail without harm. */
  readonly expendable: boolean;
  /** Of its head. */
  readonly bytes: number;
  /** Has to make way. */
  give(error: KnownError): void;
}

/** All requests of a site that wait for the target. */
export class Waiting {
  readonly #system: System;
  readonly #since = new Map<Waiter, number>();
  #bytes = 0;
  #looking = false;

  constructor(system: System) {
    this.#system = system;
  }

  get size(): number {
    return this.#since.size;
  }

  /** @throws {KnownError} UPSTREAM_LATE: too many wait already */
  enter(waiter: Waiter): void {
    if (this.#since.size >= HELD_MAX || this.#bytes + waiter.bytes > HELD_BYTES_MAX)
      throw new KnownError(
        "UPSTREAM_LATE",
        `Cannot hold one more request: ${this.#since.size} wait for the UI already`,
      );
    this.#since.set(waiter, this.#system.monotonic());
    this.#bytes += waiter.bytes;
    if (!this.#looking) void this.#look();
  }

  leave(waiter: Waiter): void {
    if (this.#since.delete(waiter)) this.#bytes -= waiter.bytes;
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#since.size > 0) {
      await this.#system.sleep(LOOK);
      this.#makeRoom();
    }
    this.#looking = false;
  }

  #makeRoom(): void {
    const now = this.#system.monotonic();
    const bySession = new Map<string, Waiter[]>();
    for (const [waiter, since] of this.#since) {
      if (!waiter.browser || now - since < PATIENCE) continue;
      const of = bySession.get(waiter.session);
      if (of === undefined) bySession.set(waiter.session, [waiter]);
      else of.push(waiter);
    }
    for (const waiters of bySession.values()) {
      // In the order in which they came: who waits longest is the likeliest to be given up by its page already.
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
