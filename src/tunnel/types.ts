import type { Duplex } from "node:stream";
import type { KnownError } from "../base/errors.ts";

/** How SPDY frames reach the kubelet: raw after `Upgrade: SPDY/3.1`, or inside a WebSocket. */
export type Carrier = "spdy" | "websocket";

/**
 * Which carrier to try alone, per cluster and proxy path, good for a day. Kept by the caller so that `tunnel`
 * writes no file. @see decisions.md "Carriers"
 */
export interface CarrierMemory {
  recall(): Carrier | undefined;
  remember(carrier: Carrier): void;
  forget(): void;
}

export interface DialOptions {
  /** The container's port, 1–65535. */
  readonly port: number;
  /** A large transfer is expected: give it a tunnel of its own, so that it neither delays nor stalls others. */
  readonly bulk: boolean;
  /**
   * Send FIN at `end()`. Default false: containerd tears a connection down one second after a FIN, so that an answer
   * that is still on its way would be lost; FIN is then held until the other side has ended.
   */
  readonly halfClose?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * A connection to a port of the pod. Besides a Duplex it has what `http.Agent` and `tls.connect({ socket })` call on a
 * socket; those methods do nothing.
 *
 * Errors are KnownErrors: PORT_REFUSED, PORT_RESET, PORT_FAILED, POD_GONE, TUNNEL_PAIRING of this connection alone, or
 * TUNNEL_LOST, TUNNEL_SILENT, TUNNEL_PROTOCOL of its tunnel. The other side's end comes a second late (containerd), so
 * trust the framing of the protocol inside. `end()` alone keeps the connection until the other side ends:
 * `destroy()` what is no longer needed. An error without a listener does not end the process.
 */
export interface PortStream extends Duplex {
  /** A large transfer shares the tunnel and holds this connection up: better dial anew than use it again. */
  readonly crowded: boolean;
  /** Ends, and destroys as soon as everything written is on its way. */
  destroySoon(): void;
  setKeepAlive(): this;
  setNoDelay(): this;
  setTimeout(): this;
  ref(): this;
  unref(): this;
}

/** One pod, any number of connections to its ports. */
export interface PodDialer extends AsyncDisposable {
  /**
   * A byte stream to a port of the pod. Resolves as soon as a live tunnel exists (optimistic open: whether the
   * port listens shows as an error on the stream, a KnownError of the classes of tunnel.md §2.5).
   * @throws {KnownError} when no tunnel can be had
   */
  dial(options: DialOptions): Promise<PortStream>;
  /** The carrier in use, once one has won. */
  readonly carrier: Carrier | undefined;
  /** Resolves with the reason when the pod is known to be gone or the last tunnel died; never rejects. */
  readonly gone: Promise<KnownError>;
}
