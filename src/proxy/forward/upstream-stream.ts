import type { Duplex } from "node:stream";

/** What a stream tells whoever uses it at the moment. */
export interface StreamUser {
  onData(chunk: Buffer): void;
  /** The other side has ended its half. */
  onEnd(): void;
  onFailure(error: Error): void;
}

/**
 * A stream to the upstream that serves one request after another. Its listeners are attached once; what comes while
 * nobody uses it is nobody's, so it ends the stream (security.md R-E7).
 */
export class UpstreamStream {
  readonly duplex: Duplex;
  /** Requests that it has carried to their end. */
  uses = 0;
  /** Monotonic milliseconds since when it has been idle. */
  idleSince = 0;
  #user: StreamUser | undefined;
  #dead = false;
  #failure: Error | undefined;

  /** Who is at the other end. */
  readonly peer: string;

  constructor(duplex: Duplex, peer: string) {
    this.duplex = duplex;
    this.peer = peer;
    // Nothing is told of what happened before.
    if (duplex.destroyed) this.#fail(duplex.errored ?? new Error("the stream was closed"));
    duplex.on("data", (chunk: Buffer) => {
      if (this.#user === undefined) this.destroy();
      else this.#user.onData(chunk);
    });
    duplex.on("end", () => {
      const user = this.#user;
      this.#dead = true;
      if (user === undefined) this.destroy();
      else user.onEnd();
    });
    duplex.on("error", (error: Error) => this.#fail(error));
    duplex.on("close", () => this.#fail(new Error("the stream was closed")));
  }

  get alive(): boolean {
    return !this.#dead && !this.duplex.destroyed;
  }

  use(user: StreamUser): void {
    this.#user = user;
    const failure = this.#failure;
    // It failed between two users. Told a little later, as others are: the new one is still about to write.
    if (failure !== undefined) queueMicrotask(() => this.#fail(failure));
  }

  release(): void {
    this.#user = undefined;
    this.uses += 1;
  }

  destroy(): void {
    this.#dead = true;
    this.#user = undefined;
    this.duplex.destroy();
  }

  #fail(error: Error): void {
    this.#dead = true;
    this.#failure ??= error;
    const user = this.#user;
    this.#user = undefined;
    user?.onFailure(error);
  }
}
