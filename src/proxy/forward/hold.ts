import type { IncomingMessage } from "node:http";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis, type Millis } from "../../base/units.ts";
import type { Admitted } from "../types.ts";
import { isNavigation } from "./outage.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import { askedOf, waiterOf, type Waiter } from "./waiting.ts";
import type { Wire } from "./wire.ts";

/** A stream that was lost sooner was no end of the wait. Milliseconds. */
const SHORT = 2_000;

export interface HeldRequest {
  readonly wire: Wire;
  readonly request: IncomingMessage;
  readonly admitted: Admitted;
  /** It changes nothing. */
  readonly repeatable: boolean;
  /** Monotonic milliseconds. */
  readonly started: number;
  /** A large transfer is expected. */
  readonly bulk: boolean;
  /** It has waited too long, or has to make way for another one. */
  readonly onGivenUp: (error: KnownError) => void;
}

/**
 * The wait of one request, for a credential, for the target, or between two tries: a read's is as long as its client's,
 * at most two minutes, a navigation's for the target a moment, and a change that is made long after it was asked for
 * surprises (security.md R-N5).
 */
export class Hold {
  readonly #held: HeldRequest;
  readonly #navigation: boolean;
  #waiter: Waiter | undefined;
  #abort: AbortController | undefined;
  #patience: NodeJS.Timeout | undefined;
  #since = 0;
  #leftAt = Number.NEGATIVE_INFINITY;
  #waits = false;
  /** Milliseconds of this wait that went on credentials. A navigation's limit does not count them. */
  #asked = 0;

  constructor(held: HeldRequest) {
    this.#held = held;
    this.#navigation = held.repeatable && isNavigation(held.request);
  }

  /** @throws {KnownError} what the wire says, or that too many wait already */
  async authorize(rejected: RawHeaders | undefined, doubtful: boolean): Promise<RawHeaders> {
    this.enter();
    const { wire, started } = this.#held;
    const began = wire.system.monotonic();
    try {
      const limit = millis(Math.max(0, wire.limits.dial - (began - started)));
      return await wire.authorize(rejected, { limit, doubtful });
    } finally {
      this.#asked += wire.system.monotonic() - began;
    }
  }

  /** It goes on to wait when it has its stream, until `leave`. @throws {KnownError} as `authorize` */
  async dial(): Promise<UpstreamStream> {
    this.enter();
    const { wire, admitted, bulk } = this.#held;
    this.#abort = new AbortController();
    return await wire.dial(admitted.session, bulk, this.#abort, this.#left);
  }

  /** Nobody wants it any longer. */
  end(error: KnownError): void {
    this.#abort?.abort(error);
  }

  /** It waits, or goes on to. @throws {KnownError} UPSTREAM_LATE: too many wait already */
  enter(): void {
    if (this.#waits) return;
    const { wire, request, admitted, repeatable } = this.#held;
    const now = wire.system.monotonic();
    if (now - this.#leftAt >= SHORT) {
      this.#since = now;
      this.#asked = 0;
    }
    if (repeatable) {
      this.#waiter = waiterOf(askedOf(request, false), admitted, {
        hooks: wire.hooks,
        since: this.#since,
        give: (error) => this.#giveUp(error),
      });
      wire.waiting.enter(this.#waiter);
    } else {
      const limit = wire.limits.change;
      this.#patience = setTimeout(
        () =>
          this.#giveUp(
            new KnownError("UPSTREAM_LATE", `Cannot send a change: it was held for ${limit / 1000} s`),
          ),
        limit,
      );
    }
    this.#waits = true;
  }

  leave(): void {
    if (!this.#waits) return;
    this.#waits = false;
    clearTimeout(this.#patience);
    if (this.#waiter !== undefined) this.#held.wire.waiting.leave(this.#waiter);
    this.#leftAt = this.#held.wire.system.monotonic();
  }

  /** How much longer it may wait for the target. */
  get #left(): Millis {
    const { wire, started } = this.#held;
    const now = wire.system.monotonic();
    const left = this.#navigation
      ? wire.limits.navigation - (now - this.#since - this.#asked)
      : wire.limits.dial - (now - started);
    return millis(Math.max(0, left));
  }

  #giveUp(error: KnownError): void {
    this.end(error);
    this.#held.onGivenUp(error);
  }
}
