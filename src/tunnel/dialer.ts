import type { Connection } from "../api/index.ts";
import { KnownError, isKnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { seconds, toMillis } from "../base/units.ts";
import type { PodAddress } from "./attempt.ts";
import { openTunnel } from "./carriers.ts";
import { deferred, type Deferred } from "./deferred.ts";
import type { Session } from "./spdy/session.ts";
import type { Carrier, CarrierMemory, DialOptions, PodDialer, PortStream } from "./types.ts";

/** One tunnel was fastest for small requests; beyond this many connections the next one opens. */
const STREAMS_MAX = 128;
/** Tunnels for small requests: the second and later ones only while a large transfer crowds the first. */
const SHARED_MAX = 8;
/** Tunnels for large transfers; further ones share. Each costs the node a connection and an RPC. */
const BULK_MAX = 4;
const IDLE_MAX = toMillis(seconds(60));
/** After a second tunnel could not be had, the first one has to do for a while. */
const SPARE_PAUSE = toMillis(seconds(10));

export interface PodDialerOptions {
  readonly system: System;
  /** `--tunnel`. */
  readonly carrier: "auto" | Carrier;
  readonly memory: CarrierMemory;
  /** Has to pass for each tunnel before it carries anything: the name may belong to another pod by now. */
  readonly verify?: (signal: AbortSignal) => Promise<void>;
}

/** Tunnels to one pod, opened when first needed. */
export function podDialer(connection: Connection, pod: PodAddress, options: PodDialerOptions): PodDialer {
  return new Dialer(connection, pod, options);
}

interface Tunnel {
  readonly session: Session;
  readonly bulk: boolean;
}

class Dialer implements PodDialer {
  readonly gone: Promise<KnownError>;
  readonly #gone: Deferred<KnownError> = deferred();
  readonly #connection: Connection;
  readonly #pod: PodAddress;
  readonly #options: PodDialerOptions;
  readonly #stop = new AbortController();
  readonly #tunnels = new Set<Tunnel>();
  #carrier: Carrier | undefined;
  /** Once set, nothing is dialled any more. */
  #reason: KnownError | undefined;
  /** Why the last tunnel died, while others are being opened. */
  #loss: KnownError | undefined;
  #shared: Promise<Tunnel> | undefined;
  #opening = 0;
  #openingBulk = 0;
  /** When a second shared tunnel was last refused. Monotonic. */
  #spareRefused = Number.NEGATIVE_INFINITY;

  constructor(connection: Connection, pod: PodAddress, options: PodDialerOptions) {
    this.#connection = connection;
    this.#pod = pod;
    this.#options = options;
    this.gone = this.#gone.promise;
  }

  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  async dial(options: DialOptions): Promise<PortStream> {
    if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65_535) {
      throw new RangeError("a port is a number from 1 to 65535");
    }
    const halfClose = options.halfClose ?? false;
    for (;;) {
      options.signal?.throwIfAborted();
      if (this.#reason !== undefined) throw this.#reason;
      const tunnel = options.bulk ? this.#bulkTunnel() : this.#sharedTunnel();
      if (tunnel !== undefined) return tunnel.session.open(options.port, { halfClose });
      try {
        await unlessAborted(options.bulk ? this.#openBulk() : this.#openShared(), options.signal);
      } catch (error) {
        // A further one that cannot be had says nothing about those that work.
        const other = this.#reason === undefined ? this.#any() : undefined;
        if (other === undefined) throw error;
        this.#options.system.log.verbose(2, `No further tunnel: ${messageOf(error)}`);
        return other.session.open(options.port, { halfClose });
      }
    }
  }

  #any(): Tunnel | undefined {
    return [...this.#tunnels]
      .filter(({ session }) => session.usable)
      .toSorted((a, b) => a.session.streams - b.session.streams)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over(new KnownError("TUNNEL_LOST", "The port-forward was closed"));
    this.#stop.abort();
    await Promise.all([...this.#tunnels].map(({ session }) => session.close()));
  }

  /** The first tunnel with room that no large transfer crowds. */
  #sharedTunnel(): Tunnel | undefined {
    const fit = [...this.#tunnels].filter(
      ({ bulk, session }) => !bulk && session.usable && session.streams < STREAMS_MAX,
    );
    const calm = fit.find(({ session }) => !session.crowded);
    // The crowded one serves until there is a better one, so that nobody waits for a handshake.
    if (calm === undefined && fit.length > 0 && this.#shared === undefined) this.#openSpare();
    return calm ?? fit[0];
  }

  #openSpare(): void {
    const { system } = this.#options;
    if (this.#count(false) >= SHARED_MAX || system.monotonic() - this.#spareRefused < SPARE_PAUSE) return;
    this.#openShared().catch((error: unknown) => {
      this.#spareRefused = system.monotonic();
      system.log.verbose(2, `No second tunnel: ${messageOf(error)}`);
    });
  }

  #bulkTunnel(): Tunnel | undefined {
    const fit = [...this.#tunnels]
      .filter(({ bulk, session }) => bulk && session.usable && session.streams < STREAMS_MAX)
      .toSorted((a, b) => a.session.streams - b.session.streams);
    const least = fit[0];
    if (least === undefined) return undefined;
    if (least.session.streams === 0) return least;
    return this.#count(true) + this.#openingBulk >= BULK_MAX ? least : undefined;
  }

  #count(bulk: boolean): number {
    return [...this.#tunnels].filter((tunnel) => tunnel.bulk === bulk).length;
  }

  #openShared(): Promise<Tunnel> {
    this.#shared ??= this.#open(false).finally(() => {
      this.#shared = undefined;
    });
    return this.#shared;
  }

  async #openBulk(): Promise<void> {
    this.#openingBulk += 1;
    try {
      await this.#open(true);
    } finally {
      this.#openingBulk -= 1;
    }
  }

  async #open(bulk: boolean): Promise<Tunnel> {
    const { system, carrier, memory } = this.#options;
    this.#opening += 1;
    try {
      const opened = await openTunnel(
        { connection: this.#connection, pod: this.#pod, system, onTick: () => this.#trim() },
        { carrier, memory, won: this.#carrier, signal: this.#stop.signal },
      );
      await this.#verify(opened.session);
      if (this.#stop.signal.aborted) {
        void opened.session.close();
        throw this.#reason ?? new KnownError("TUNNEL_LOST", "The port-forward was closed");
      }
      this.#carrier = opened.carrier;
      const tunnel: Tunnel = { session: opened.session, bulk };
      this.#tunnels.add(tunnel);
      void opened.session.closed.then((error) => this.#lost(tunnel, error));
      return tunnel;
    } catch (error) {
      if (isKnownError(error, "POD_GONE")) this.#over(error);
      throw error;
    } finally {
      this.#opening -= 1;
      if (this.#loss !== undefined) this.#settleLoss(this.#loss);
    }
  }

  async #verify(session: Session): Promise<void> {
    try {
      await this.#options.verify?.(this.#stop.signal);
    } catch (error) {
      void session.close();
      throw error;
    }
  }

  #lost(tunnel: Tunnel, error: KnownError): void {
    // A tunnel that was trimmed is no longer in the set, and its end no news.
    if (!this.#tunnels.delete(tunnel) || (tunnel.session.retired && error.code === "TUNNEL_LOST")) return;
    if (error.code === "POD_GONE") this.#over(error);
    else this.#settleLoss(error);
  }

  /** With no tunnel left and none on its way the pod has to be looked for again. */
  #settleLoss(error: KnownError): void {
    this.#loss = this.#opening > 0 ? error : undefined;
    if (this.#opening === 0 && this.#tunnels.size === 0) this.#over(error);
  }

  #over(error: KnownError): void {
    this.#reason ??= error;
    this.#gone.resolve(this.#reason);
  }

  /** Closes idle tunnels but the first, which keeps the way warm. */
  #trim(): void {
    const now = this.#options.system.monotonic();
    const first = [...this.#tunnels].find(({ bulk }) => !bulk) ?? [...this.#tunnels][0];
    for (const tunnel of this.#tunnels) {
      const { session } = tunnel;
      if (tunnel === first || session.streams > 0 || now - session.idleSince < IDLE_MAX) continue;
      this.#tunnels.delete(tunnel);
      void session.close();
    }
  }
}

const unlessAborted = async (work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> => {
  if (signal === undefined) {
    await work;
    return;
  }
  const { promise, resolve } = deferred<void>();
  const given = (): void => resolve();
  signal.addEventListener("abort", given, { once: true });
  // Others may wait for the same tunnel, so that it is opened all the same.
  work.catch(() => undefined);
  await Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", given));
};
