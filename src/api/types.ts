import type { Duplex } from "node:stream";
import type { RawHeaders } from "../base/headers.ts";
import type { Bytes, Millis } from "../base/units.ts";
import type { Credential } from "../credentials/index.ts";

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
  /** Of a body that is read whole: more of it is an API_FAILED. Default 32 MiB. */
  readonly limit?: Bytes;
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

export interface ConnectionOptions {
  /**
   * For each request that names no time of its own, and told to the server as `?timeout=` (credentials.md §1.5, O10).
   * Default: `requestTimeout` of the ClientConfig; without that 30 s, and nothing is told.
   */
  readonly requestTimeout?: Millis | undefined;
  /**
   * Whether a request that got a 401 is sent once more with the renewed credential. Default false, as client-go does;
   * `kauth open` serves pages with its connection, and there a 401 is replayed (security.md F12).
   */
  readonly replayUnauthorized?: boolean;
}

/** A cluster as one identity: the only thing that knows addresses, TLS and credentials of the API server. */
export interface Connection extends AsyncDisposable {
  /** Scheme, host, port and path prefix, no slash at the end. */
  readonly server: string;
  /** The proxy on the way: scheme, host and port, no password. Undefined: there is none. */
  readonly proxy?: string | undefined;
  /**
   * One answer, after as many tries as client-go makes (credentials.md §4.8): 429 and 5xx with Retry-After, and for GET
   * connections that break. A 401 makes one forced renewal. Statuses ≥ 400 are answers, not errors.
   * @throws {KnownError} CLIENT_CERTIFICATE_EXPIRED in place of a 401 that is about its dates; network faults
   */
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * The body of a 2xx answer as lines of JSON (watch). Ends when the server ends it, and when connections break again
   * and again. @throws {KnownError} on other statuses
   */
  stream(request: ApiRequest): AsyncIterable<unknown>;
  /** Asks once. A connection that was taken over is closed when its client certificate is replaced. */
  upgrade(request: UpgradeRequest): Promise<Upgraded | UpgradeRefused>;
}

/** The same, for whoever has requests of its own to send as that identity: the direct leg. */
export interface ServerConnection extends Connection {
  /** What names the person in each request of a connection that `dial` gave, beside its certificate. */
  headers(credential: Credential): RawHeaders;
  /**
   * A connection with this credential's certificate, if it has one, for whoever speaks HTTP/1.1 on it: below `prefix`,
   * and to `authority`. It is closed when the certificate is replaced. @throws {KnownError} network faults
   */
  dial(credential: () => Promise<Credential>, signal: AbortSignal): Promise<Duplex>;
  /** The `Host` of the server. */
  readonly authority: string;
  /** What stands before every path of the server; no slash at the end. */
  readonly prefix: string;
}
