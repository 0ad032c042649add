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
  readonly signal?: AbortSignal;
}

/** One pod, any number of connections to its ports. */
export interface PodDialer extends AsyncDisposable {
  /**
   * A byte stream to a port of the pod. Resolves as soon as a live tunnel exists (optimistic open: whether the
   * port listens shows as an error on the stream, a KnownError of the classes of tunnel.md §2.5).
   * @throws {KnownError} when no tunnel can be had
   */
  dial(options: DialOptions): Promise<Duplex>;
  /** The carrier in use, once one has won. */
  readonly carrier: Carrier | undefined;
  /** Resolves with the reason when the pod is known to be gone or the last tunnel died; never rejects. */
  readonly gone: Promise<KnownError>;
}
