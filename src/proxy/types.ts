import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorCode, MissingRight } from "../base/errors.ts";
import type { RawHeaders } from "../base/headers.ts";
import type { Secret } from "../base/secret.ts";
import type { Trouble } from "./trouble.ts";

/** Which way a request goes: into the pod, or from this machine straight to the server behind the UI. */
export type Leg = "pod" | "direct";

export interface DialRequest {
  /** The web session that asks; streams are never shared between sessions (security.md R-E7). */
  readonly session: string;
  /** A large transfer is expected. */
  readonly bulk: boolean;
  readonly signal: AbortSignal;
}

export interface Dialled {
  /** As of any socket, the memory of what is written is used again once the write has called back. */
  readonly stream: Duplex;
  /** An opaque name of who answers; the upstream's certificate is pinned per peer. */
  readonly peer: string;
}

export interface AuthorizeRequest {
  /** The headers that somebody answered 401 to: give others, or the same if there are none. */
  readonly rejected?: RawHeaders;
  /** What came was no 401, but may stand for one. While these headers are good, the same are given. Default: false. */
  readonly doubtful?: boolean;
  readonly signal: AbortSignal;
}

/** All that the proxy knows of the world behind it. */
export interface Upstream {
  dial(request: DialRequest): Promise<Dialled>;
  /** The headers that say who the person is; empty for an anonymous target. */
  authorize(request: AuthorizeRequest): Promise<RawHeaders>;
  /** The same headers where they are in hand and surely good, so that a request need not wait a turn for them. */
  readonly ready?: () => RawHeaders | undefined;
  /**
   * Who answers a dial now, as `Dialled.peer`; undefined: nobody. An idle stream to anybody else is not used again.
   * Without it, every stream is good as long as it lives.
   */
  readonly peer?: () => string | undefined;
  /**
   * Calls back with each `peer` that is gone for good. Its streams may take a second to end; a read that it has not
   * answered is asked of somebody else at once. Without it, only the end of a stream tells.
   */
  readonly onGone?: (listener: (peer: string) => void) => void;
  /**
   * What stands in the way of a dial or a credential now, a KnownError where it is known; undefined: nothing does, or
   * nobody has looked yet. For the page of a navigation that does not wait.
   */
  trouble?(): unknown;
}

/** A request as hooks see it; nothing of it is decoded. */
export interface AskedRequest {
  readonly method: string;
  /** Path and query, raw. */
  readonly target: string;
  /** Names and values in turn, as the browser sent them. */
  readonly headers: readonly string[];
  /** A WebSocket. */
  readonly upgrade: boolean;
}

/** What a hook sees of an answer's head. */
export interface AnsweredHead {
  readonly status: number;
  /** Names and values in turn, as received. */
  readonly headers: readonly string[];
}

/**
 * One stream of events that can be taken up again where it broke off: each text message of a WebSocket, or each line of
 * a body. Holds how far it came; made anew for each stream of the browser.
 */
export interface Resumable {
  /**
   * An event goes by. `pass`: hand it on; `drop`: the browser has it already, or must not see it; `over`: hand it on,
   * and nothing can be resumed after it (the version is too old, and the client has to list anew). `foreign`: it is no
   * event, so this and all that follows is handed on as it comes, and never resumed.
   */
  see(event: string): "pass" | "drop" | "over" | "foreign";
  /** Path and query that go on after the last event seen; undefined: this stream cannot be resumed. */
  again(): string | undefined;
  /** What is said to a browser whose stream cannot go on: makes its client list anew. Undefined: nothing is. */
  readonly farewell: string | undefined;
}

/** What is known about the UI behind a site. The proxy asks; without an answer a UI is like any other. */
export interface SiteHooks {
  /** Undefined: a stream like any other. */
  readonly resumable?: (asked: AskedRequest) => Resumable | undefined;
  /**
   * Whether the answer says that the credential was refused. `look`: only its body tells, which is then read up to
   * 64 KiB and given to `refusedIn`. `perhaps`: only the API server can tell, which is asked where the request may be
   * repeated. Default: a 401 says so.
   */
  readonly refused?: (asked: AskedRequest, head: AnsweredHead) => "yes" | "no" | "look" | "perhaps";
  readonly refusedIn?: (asked: AskedRequest, head: AnsweredHead, body: Buffer) => boolean;
  /** It changes nothing though it has a body, and may be repeated as a read may (security.md R-N3). */
  readonly repeatable?: (asked: AskedRequest) => boolean;
  /** A poll that may fail without harm: it makes way first when a browser's connections run short (security.md R-N5). */
  readonly expendable?: (asked: AskedRequest) => boolean;
  /**
   * An error ends its page for good. One that has to make way is therefore sent back to its own address, and waits again
   * behind the others (ui-traffic U9); a browser lets that happen twenty times.
   */
  readonly comesBack?: (asked: AskedRequest) => boolean;
  /**
   * Cookies to add for the upstream alone, `NAME=VALUE` each, where a header does not say who the person is.
   * @param authorization the headers that say it
   */
  readonly cookies?: (asked: AskedRequest, authorization: RawHeaders) => readonly string[];
  /** A watch of this web session was lost and could not be resumed (security.md R-N16). */
  readonly lost?: (session: string) => void;
  /** Headers to add to an answer. */
  readonly added?: (asked: AskedRequest, head: AnsweredHead, session: string) => RawHeaders;
}

/** What passes to an upstream that is no web app, and what comes back: all else is left out. */
export interface Narrow {
  /** Where it is, as `Origin` of WebSockets. */
  readonly origin: string;
  /** Headers of the client that pass, in lower case. */
  readonly passes: ReadonlySet<string>;
  /** Path and query as the upstream knows them. @throws {KnownError} REQUEST_INVALID */
  readonly target: (target: string) => string;
  /** Whether a sub-protocol of a WebSocket passes. */
  readonly protocol: (name: string) => boolean;
  /** A path of the upstream as the browser knows it; undefined: none of ours. */
  readonly location: (value: string) => string | undefined;
}

/** What the gate has to know of a site. */
export interface Origin {
  /** Host name without port, lower case: `ui-0f….localhost`, or an IP literal with `--origin ip`. */
  readonly host: string;
  /** What a person calls what is there, e.g. `svc/ui in apps`. Remote text: escape it. */
  readonly title: string;
  /** Nothing can be changed there (`--read-only`): its pages of ours say so. Default: false. */
  readonly readOnly?: boolean;
  /** Path and query of the page that the launch leads to. */
  readonly path: string;
  /** Where the launch leads instead of to `path`: the next link of a chain, made when it is needed. */
  readonly next?: () => Secret;
}

/** One target behind one origin. */
export interface Site extends Origin {
  readonly upstream: Upstream;
  readonly scheme: "http" | "https";
  /** `Host` towards the upstream, e.g. `ui.apps.svc`. */
  readonly authority: string;
  /** App cookies that must not reach the upstream (exact names, or prefixes that end in `*`). */
  readonly stripCookies: readonly string[];
  /** Headers that only we may send, in any spelling: a client's copy is dropped. Default: none but those of every site. */
  readonly ownHeaders?: readonly string[];
  /** Keep the browser's Host and Origin (`--preserve-origin`). */
  readonly preserveOrigin: boolean;
  /** `--origin ip`: prefix app cookies' names, since ports share the jar. */
  readonly cookiePrefix: string | undefined;
  /** `--upstream-ca`, PEM: verify the chain. Undefined: accept and pin per peer. */
  readonly upstreamCa: string | undefined;
  readonly hooks?: SiteHooks;
  /** For the direct leg. Undefined: the pod's, a web app, to which all passes that is not dangerous. */
  readonly narrow?: Narrow;
  /** Address of the start page, where its controls are (security.md R-N6). Undefined: there is none. */
  readonly start?: string;
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
  readonly trouble?: Trouble;
  /** Of what went wrong, where it is known: its two sentences in the registry are fixed text too. */
  readonly code?: ErrorCode;
  /** The right that is missing, in our own words. */
  readonly right?: MissingRight;
  /** Where a person can sign in again. */
  readonly start?: string;
  /** Seconds, sent as Retry-After. */
  readonly retryAfter?: number;
  /** A navigation gets a page that goes on by itself. */
  readonly refresh?: boolean;
  /** For the script of that page. */
  readonly nonce?: string;
}
