import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { UpstreamStream } from "./upstream-stream.ts";

/** Monotonic milliseconds. The end of an idle stream arrives a second late (tunnel.md §1.2), so longer is a race. */
const IDLE = 3_000;
const SWEEP = millis(1_000);
/** A browser has six connections to an origin; a tool that has more may keep as many idle streams. */
const KEPT = 256;

/** Idle streams, by web session: one is never given to another session (security.md R-E7). */
export class StreamPool {
  readonly #system: System;
  /** Whether that peer is the one to talk to. */
  readonly #fits: (peer: string) => boolean;
  readonly #idle = new Map<string, UpstreamStream[]>();
  readonly #closed = new AbortController();
  #sweeping = false;

  constructor(system: System, fits: (peer: string) => boolean = () => true) {
    this.#system = system;
    this.#fits = fits;
  }

  /** The stream that was used last, which is the likeliest to be alive. */
  take(session: string): UpstreamStream | undefined {
    const streams = this.#idle.get(session);
    for (let stream = streams?.pop(); stream !== undefined; stream = streams?.pop()) {
      const young = this.#system.monotonic() - stream.idleSince < IDLE;
      // A pod that gets no new connections must get no requests on old ones either.
      if (stream.alive && young && this.#fits(stream.peer)) return stream;
      stream.destroy();
    }
    return undefined;
  }

  give(session: string, stream: UpstreamStream): void {
    const streams = this.#idle.get(session) ?? [];
    this.#idle.set(session, streams);
    stream.idleSince = this.#system.monotonic();
    if (streams.length >= KEPT || this.#closed.signal.aborted) stream.destroy();
    else streams.push(stream);
    if (!this.#sweeping) void this.#keepSwept();
  }

  /** The session is over. */
  forget(session: string): void {
    for (const stream of this.#idle.get(session) ?? []) stream.destroy();
    this.#idle.delete(session);
  }

  close(): void {
    this.#closed.abort();
    for (const streams of this.#idle.values()) for (const stream of streams) stream.destroy();
    this.#idle.clear();
  }

  async #keepSwept(): Promise<void> {
    this.#sweeping = true;
    while (this.#idle.size > 0) {
      await this.#system.sleep(SWEEP, this.#closed.signal).catch(() => undefined);
      this.#sweep();
    }
    this.#sweeping = false;
  }

  #sweep(): void {
    const now = this.#system.monotonic();
    for (const [session, streams] of this.#idle) {
      const live = streams.filter((stream) => {
        const keep = stream.alive && now - stream.idleSince < IDLE;
        if (!keep) stream.destroy();
        return keep;
      });
      if (live.length === 0) this.#idle.delete(session);
      else this.#idle.set(session, live);
    }
  }
}
