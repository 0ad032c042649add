import type { Duplex } from "node:stream";
import type { KnownError } from "../base/errors.ts";
import type { RouteState } from "./state.ts";

/** What a UI speaks. */
export type Scheme = "http" | "https";

export type TargetKind = "service" | "pod" | WorkloadKind;

/** What makes pods of one kind and keeps their number. */
export type WorkloadKind = "deployment" | "statefulset" | "replicaset";

/** What a person asked to open, as parsed from the command line. */
export interface TargetReference {
  readonly kind: TargetKind;
  readonly name: string;
  /** From a URL such as `http://NAME.NAMESPACE.svc`; else the context's namespace counts. */
  readonly namespace: string | undefined;
  /** A number or a port name. */
  readonly port: string | undefined;
  /** From a URL; else found out from the port. */
  readonly scheme: Scheme | undefined;
  /** Path and query for the opened page, starting with "/". Default "/". */
  readonly path: string;
}

/** A pod that is fit to be talked to, pinned by uid. */
export interface Backend {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  /** The number to forward to. */
  readonly port: number;
  readonly scheme: Scheme;
  /** The person or the port says so; else it is what most speak. */
  readonly schemeKnown: boolean;
  /** Name of the container that declares the port, where one does. */
  readonly container: string | undefined;
  readonly image: string | undefined;
  /** The pod's. */
  readonly labels: ReadonlyMap<string, string>;
  /** `containerID` and restart count: the upstream certificate is pinned per start (security.md R-N15). */
  readonly start: string;
  readonly serviceAccount: string | undefined;
}

export interface RouteDial {
  readonly stream: Duplex;
  /** Opaque: who answers. Changes when another container start answers. */
  readonly peer: string;
}

export interface RouteChange {
  readonly kind: "up" | "down" | "switched";
  readonly backend: Backend | undefined;
  readonly reason: string | undefined;
}

/** The way to a target: keeps one backend and one dialer, and finds another when they go. */
export interface Route extends AsyncDisposable {
  /** The backend in use, once resolved. */
  readonly backend: Backend | undefined;
  readonly state: RouteState;
  /** Who answers a dial now; undefined: nobody. */
  readonly peer: string | undefined;
  /** Calls back with each `peer` of which nobody is there any more: what it has not answered it never will. */
  onGone(listener: (peer: string) => void): void;
  /** What stands in the way since it was last up; undefined while it is up, or nobody has looked. */
  trouble(): KnownError | undefined;
  /** Resolves a backend and connects to it. @throws {KnownError} at the first failure: for the start */
  ready(signal: AbortSignal): Promise<Backend>;
  /**
   * A stream to the backend's port, of a tunnel whose pod has the expected uid. Re-resolves and re-dials with back-off
   * until the signal aborts; what waiting cannot mend (a missing right, a missing Service) is thrown at once.
   */
  dial(options: { readonly bulk: boolean; readonly signal: AbortSignal }): Promise<RouteDial>;
}
