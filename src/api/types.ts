import type { Duplex } from "node:stream";
import type { RawHeaders } from "../base/headers.ts";
import type { Millis } from "../base/units.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path below the server's own prefix, e.g. `/api/v1/namespaces`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Until the whole answer is there; of a stream, until its head is. Default 30 s. */
  readonly timeout?: Millis;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: unknown;
}

export interface UpgradeRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Added to `Connection: Upgrade` and the credential's headers; names `Upgrade` itself. */
  readonly headers: RawHeaders;
  readonly signal?: AbortSignal;
  /** Called once when the request's bytes were handed to the socket (carriers start their 300 ms clock here). */
  readonly onSent?: () => void;
}

/** A 101. `head` holds bytes that came with it and belongs before anything the socket gives. */
export interface Upgraded {
  readonly kind: "upgraded";
  readonly headers: RawHeaders;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Any other answer to an upgrade; the body is bounded and read whole. */
export interface UpgradeRefused {
  readonly kind: "refused";
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: string;
}

/** A cluster as one identity: the only thing that knows addresses, TLS and credentials of the API server. */
export interface Connection extends AsyncDisposable {
  /** Scheme, host, port and path prefix, no slash at the end. */
  readonly server: string;
  /** One request, one answer; a 401 makes one forced renewal and one more try. Statuses ≥ 400 are answers, not errors. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** The body of a 2xx answer as lines of JSON (watch). Ends when the server ends it. @throws {KnownError} on other statuses */
  stream(request: ApiRequest): AsyncIterable<unknown>;
  upgrade(request: UpgradeRequest): Promise<Upgraded | UpgradeRefused>;
}
