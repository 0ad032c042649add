import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../base/errors.ts";
import type { RawHeaders } from "../base/headers.ts";

/** Which way a request goes. Until the direct leg exists there is only the pod. */
export type Leg = "pod";

export interface DialRequest {
  readonly leg: Leg;
  /** The web session that asks; streams are never shared between sessions (security.md R-E7). */
  readonly session: string;
  /** A large transfer is expected. */
  readonly bulk: boolean;
  readonly signal: AbortSignal;
}

export interface Dialled {
  readonly stream: Duplex;
  /** An opaque name of who answers; the upstream's certificate is pinned per peer. */
  readonly peer: string;
}

export interface AuthorizeRequest {
  readonly leg: Leg;
  /** The headers that somebody answered 401 to: give others, or the same if there are none. */
  readonly rejected?: RawHeaders;
  readonly signal: AbortSignal;
}

/** All that the proxy knows of the world behind it. */
export interface Upstream {
  dial(request: DialRequest): Promise<Dialled>;
  /** The headers that say who the person is; empty for an anonymous target. */
  authorize(request: AuthorizeRequest): Promise<RawHeaders>;
}

/** One target behind one origin. */
export interface Site {
  /** Host name of the origin without port, lower case: `ui-0f….localhost`, or an IP literal with `--origin ip`. */
  readonly host: string;
  /** What a person calls it, e.g. `svc/ui in apps`. Remote text: escape it. */
  readonly title: string;
  readonly upstream: Upstream;
  readonly scheme: "http" | "https";
  /** `Host` towards the upstream, e.g. `ui.apps.svc`. */
  readonly authority: string;
  /** Path and query of the page that the launch leads to. */
  readonly path: string;
  /** App cookies that must not reach the upstream (exact names, or prefixes that end in `*`). */
  readonly stripCookies: readonly string[];
  /** Keep the browser's Host and Origin (`--preserve-origin`). */
  readonly preserveOrigin: boolean;
  /** `--origin ip`: prefix app cookies' names, since ports share the jar. */
  readonly cookiePrefix: string | undefined;
  /** `--upstream-ca`, PEM: verify the chain. Undefined: accept and pin per peer. */
  readonly upstreamCa: string | undefined;
}

/** Who passed the gate. */
export interface Admitted {
  readonly session: string;
  /** Port of our listener, for rewriting. */
  readonly port: number;
}

/** The data plane: gets only what the gate has let through. */
export interface Forwarder extends AsyncDisposable {
  request(request: IncomingMessage, response: ServerResponse, admitted: Admitted): void;
  /** `head` is empty: the gate has refused anything else. */
  upgrade(request: IncomingMessage, socket: Duplex, admitted: Admitted): void;
  /** A session is over: nothing of it is kept. What runs for it ends with its connections. */
  forget(session: string): void;
  /** Exchanges and upgraded streams in flight. */
  readonly active: number;
}

/** Why a request got an answer of our own; for whoever runs kauth, never for a client. */
export interface Incident {
  /** Stands on the page too. */
  readonly id: string;
  readonly error: unknown;
}

/** An answer of our own instead of the upstream's (security.md R-F6: fixed text and an incident id). */
export interface Problem {
  readonly status: number;
  /** Fixed text for people; never remote text. */
  readonly title: string;
  readonly detail: string;
  readonly incident: string;
  /** Of what went wrong, where it is known: its two sentences in the registry are fixed text too. */
  readonly code?: ErrorCode;
  /** Seconds, sent as Retry-After. */
  readonly retryAfter?: number;
  /** A navigation gets a page that reloads itself. */
  readonly refresh?: boolean;
}
