import type { FoundCookie } from "./cookie.ts";
import { readHead, type HeaderFault, type HeadFacts, type RequestHead } from "./request-head.ts";

/** One of the finite set of names that we answer to. */
export interface OwnHost {
  /** `http://` and the name with its port, as a browser writes it. */
  readonly origin: string;
  /** A target's own name, or one of the bare loopback names that serve a static page only. */
  readonly kind: "site" | "bare";
  /** Finds our cookie in a Cookie header. */
  cookie(header: string): FoundCookie;
  /** The id of the live session that the cookie's value stands for. */
  session(value: string): string | undefined;
}

export interface GatePolicy<Host extends OwnHost = OwnHost> {
  /** By `name:port` in lower case. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** Compares in constant time. */
  apiToken(value: string): boolean;
  /** False only with `--no-session`: everything but the session is still asked for. */
  readonly sessions: boolean;
}

export type RefusalReason =
  | "version"
  | "method"
  | "target"
  | "expect"
  | "coding"
  | "framing"
  | "host"
  | "site"
  | "origin"
  | "upgrade"
  | "cookie"
  | "preflight"
  | "session"
  | "reserved"
  | HeaderFault;

export type OwnAnswer = "launch" | "session" | "health" | "landing" | "continue" | "worker";

export interface Refusal<Host extends OwnHost = OwnHost> {
  readonly kind: "refuse";
  readonly status: number;
  readonly reason: RefusalReason;
  /** A person waits for a page. */
  readonly navigation: boolean;
  readonly host: Host | undefined;
}

/** There is no third way past the gate: a request is forwarded, answered by ourselves, or refused. */
export type Verdict<Host extends OwnHost = OwnHost> =
  | { readonly kind: "forward"; readonly host: Host; readonly session: string }
  | { readonly kind: "own"; readonly host: Host; readonly answer: OwnAnswer }
  | Refusal<Host>;

/** Sessions of clients that carry the API token, and of everybody under `--no-session`. */
const API_SESSION = "api";
const OPEN_SESSION = "open";

/** What all programs share, since none of them has a session of its own. */
export const PROGRAM_SESSIONS: readonly string[] = [API_SESSION, OPEN_SESSION];

export const isBrowser = (session: string): boolean => !PROGRAM_SESSIONS.includes(session);

const RESERVED = "/__kauth/";
const LAUNCH = "/__kauth/launch";
const SESSION = "/__kauth/session";
const HEALTH = "/__kauth/health";

export const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

const STATUS: Readonly<Record<RefusalReason, number>> = {
  version: 505,
  method: 405,
  target: 400,
  count: 431,
  name: 400,
  duplicate: 400,
  connection: 400,
  expect: 417,
  coding: 501,
  framing: 400,
  host: 403,
  site: 403,
  origin: 403,
  upgrade: 400,
  cookie: 403,
  preflight: 403,
  session: 401,
  reserved: 404,
};

/** Origin form: one slash first, then printable ASCII without `#`. `/\` is read as `//` by browsers. */
const ORIGIN_FORM = /^\/(?![/\\])[!"$-~]*$/;

const DIGITS = /^\d{1,15}$/;

/** 16 bytes in base64. */
const SOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

/** A launch token has 43 characters. */
const SESSION_BODY_LIMIT = 256;

/**
 * Decides about a request from its head alone (security.md §2 B and C). It dials nothing, reads no body and looks
 * at no path but the three of its own; HTTP and upgrades go through it alike.
 */
export function guard<Host extends OwnHost>(head: RequestHead, policy: GatePolicy<Host>): Verdict<Host> {
  if (head.version !== "1.1") return refuse("version");
  if (!METHODS.has(head.method)) return refuse("method");
  if (!ORIGIN_FORM.test(head.target)) return refuse("target");
  const facts = readHead(head.headers);
  if (typeof facts === "string") return refuse(facts);
  const host = facts.host === undefined ? undefined : hostOf(facts.host, policy);
  if (host === undefined) return refuse("host");
  const fault = framingFault(facts) ?? (head.upgrade ? upgradeFault(head, facts) : plainFault(facts));
  if (fault !== undefined) return refuse(fault, false, host);
  const verdict = strangerVerdict(head, facts, host) ?? ownVerdict(head, facts, host);
  return verdict ?? authenticate(head, facts, host, policy);
}

const refuse = <Host extends OwnHost>(
  reason: RefusalReason,
  navigation = false,
  host?: Host,
): Refusal<Host> => ({ kind: "refuse", status: STATUS[reason], reason, navigation, host });

const hostOf = <Host extends OwnHost>(value: string, policy: GatePolicy<Host>): Host | undefined =>
  policy.hosts.get(value) ?? policy.hosts.get(value.toLowerCase());

const framingFault = (facts: HeadFacts): RefusalReason | undefined => {
  if (facts.coding !== undefined && facts.coding !== "chunked") return "coding";
  if (facts.length !== undefined && (facts.coding !== undefined || !DIGITS.test(facts.length)))
    return "framing";
  return undefined;
};

const plainFault = (facts: HeadFacts): RefusalReason | undefined => {
  // Without `Connection: upgrade` it means nothing to us, but it may to somebody behind us.
  if (facts.upgrade !== undefined) return "upgrade";
  if (facts.expect !== undefined && facts.expect.toLowerCase() !== "100-continue") return "expect";
  return undefined;
};

const upgradeFault = (head: RequestHead, facts: HeadFacts): RefusalReason | undefined => {
  const sound =
    head.method === "GET" &&
    head.glued === 0 &&
    facts.length === undefined &&
    facts.coding === undefined &&
    facts.expect === undefined &&
    facts.upgrade?.toLowerCase() === "websocket" &&
    facts.socketVersion === "13" &&
    facts.socketKey !== undefined &&
    SOCKET_KEY.test(facts.socketKey) &&
    !head.target.startsWith(RESERVED);
  return sound ? undefined : "upgrade";
};

const isForeign = (facts: HeadFacts): boolean =>
  facts.site !== undefined && facts.site !== "same-origin" && facts.site !== "none";

/** What came from another site, or from another port of this one, which browsers call the same site. */
const strangerVerdict = <Host extends OwnHost>(
  head: RequestHead,
  facts: HeadFacts,
  host: Host,
): Verdict<Host> | undefined => {
  if (facts.origin !== undefined && facts.origin !== host.origin) return refuse("origin", false, host);
  if (!isForeign(facts)) return undefined;
  // The redirect file asks from a `file:` page whether the browser finds us; the answer is empty.
  if (head.target === HEALTH && head.method === "GET" && !head.upgrade && host.kind === "site")
    return { kind: "own", host, answer: "health" };
  const visit =
    head.method === "GET" && !head.upgrade && facts.mode === "navigate" && facts.destination === "document";
  if (!visit) return refuse("site", false, host);
  if (host.kind === "bare") return { kind: "own", host, answer: "landing" };
  return { kind: "own", host, answer: head.target === LAUNCH ? "launch" : "continue" };
};

/** What we answer ourselves before any session. */
const ownVerdict = <Host extends OwnHost>(
  head: RequestHead,
  facts: HeadFacts,
  host: Host,
): Verdict<Host> | undefined => {
  const reading = head.method === "GET" || head.method === "HEAD";
  if (facts.worker && !head.upgrade) return { kind: "own", host, answer: "worker" };
  if (host.kind === "bare")
    return reading && !head.upgrade ? { kind: "own", host, answer: "landing" } : refuse("host", false, host);
  if (!head.target.startsWith(RESERVED)) return undefined;
  if (head.target === HEALTH)
    return reading ? { kind: "own", host, answer: "health" } : refuse("method", false, host);
  if (head.target === LAUNCH)
    return reading ? { kind: "own", host, answer: "launch" } : refuse("method", false, host);
  if (head.target !== SESSION) return undefined;
  if (head.method !== "POST") return refuse("method", false, host);
  // No page but the launch page may spend a token, and a tool has the API token instead.
  if (facts.origin === undefined) return refuse("origin", false, host);
  if (facts.length === undefined || Number(facts.length) > SESSION_BODY_LIMIT || facts.expect !== undefined)
    return refuse("framing", false, host);
  return { kind: "own", host, answer: "session" };
};

const authenticate = <Host extends OwnHost>(
  head: RequestHead,
  facts: HeadFacts,
  host: Host,
  policy: GatePolicy<Host>,
): Verdict<Host> => {
  const admit = (session: string): Verdict<Host> =>
    head.target.startsWith(RESERVED) ? refuse("reserved", false, host) : { kind: "forward", host, session };
  if (facts.apiToken !== undefined)
    return policy.apiToken(facts.apiToken) ? admit(API_SESSION) : refuse("session", false, host);
  if (!policy.sessions) return admit(OPEN_SESSION);
  const found = facts.cookie === undefined ? undefined : host.cookie(facts.cookie);
  if (found?.kind === "several") return refuse("cookie", false, host);
  const session = found?.kind === "one" ? host.session(found.value) : undefined;
  if (session === undefined) {
    if (facts.preflight && head.method === "OPTIONS") return refuse("preflight", false, host);
    return refuse("session", isNavigation(head, facts), host);
  }
  // A cookie travels by itself, so the browser must also say that the request is the page's own (R-N9, R-B6, R-B7).
  const changing = head.method !== "GET" && head.method !== "HEAD";
  if (facts.origin === undefined && (head.upgrade || changing || facts.site === undefined))
    return refuse("origin", false, host);
  return admit(session);
};

const isNavigation = (head: RequestHead, facts: HeadFacts): boolean =>
  facts.mode === undefined
    ? head.method === "GET" && facts.accept !== undefined && facts.accept.includes("text/html")
    : facts.mode === "navigate";
