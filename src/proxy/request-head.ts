/** The head of a request as the parser gave it. */
export interface RequestHead {
  readonly method: string;
  /** The request target, raw. */
  readonly target: string;
  /** `1.1`, `1.0`, … */
  readonly version: string;
  /** Names and values in turn, as received. */
  readonly headers: readonly string[];
  /** The parser has taken it for an upgrade (or CONNECT). */
  readonly upgrade: boolean;
  /** Bytes that came glued to an upgrade. */
  readonly glued: number;
}

/** What the gate reads of the headers, each at most once. */
export interface HeadFacts {
  host: string | undefined;
  origin: string | undefined;
  cookie: string | undefined;
  apiToken: string | undefined;
  site: string | undefined;
  mode: string | undefined;
  destination: string | undefined;
  accept: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  length: string | undefined;
  coding: string | undefined;
  socketKey: string | undefined;
  socketVersion: string | undefined;
  /** `Service-Worker: script`. */
  worker: boolean;
  /** The browser asks before a cross-origin request. */
  preflight: boolean;
}

/** Why a list of headers is not taken. */
export type HeaderFault =
  | "count"
  | "name"
  | "duplicate"
  /** `Connection` names a header that it must not take away. */
  | "connection";

/** Browsers send about 20; some libraries 40. Node's own limit drops the rest in silence, so it is off. */
const HEADER_LIMIT = 100;

const emptyFacts = (): HeadFacts => ({
  host: undefined,
  origin: undefined,
  cookie: undefined,
  apiToken: undefined,
  site: undefined,
  mode: undefined,
  destination: undefined,
  accept: undefined,
  connection: undefined,
  upgrade: undefined,
  expect: undefined,
  length: undefined,
  coding: undefined,
  socketKey: undefined,
  socketVersion: undefined,
  worker: false,
  preflight: false,
});

/** Where a value goes, by the name in lower case. These may stand once only. */
const FIELDS: ReadonlyMap<
  string,
  Exclude<keyof HeadFacts, "worker" | "preflight" | "connection" | "accept">
> = new Map([
  ["host", "host"],
  ["origin", "origin"],
  ["cookie", "cookie"],
  ["x-kauth-token", "apiToken"],
  ["sec-fetch-site", "site"],
  ["sec-fetch-mode", "mode"],
  ["sec-fetch-dest", "destination"],
  ["upgrade", "upgrade"],
  ["expect", "expect"],
  ["content-length", "length"],
  ["transfer-encoding", "coding"],
  ["sec-websocket-key", "socketKey"],
  ["sec-websocket-version", "socketVersion"],
]);

/** Headers that a `Connection` line must not name, and that must not come twice (security.md R-E1, R-B4). */
const isProtected = (name: string): boolean =>
  name === "host" ||
  name === "authorization" ||
  name === "cookie" ||
  name === "content-length" ||
  name === "origin" ||
  name === "forwarded" ||
  name.startsWith("x-forwarded-") ||
  name.startsWith("sec-") ||
  name.startsWith("x-kauth-");

const namesProtected = (connection: string): boolean =>
  connection !== "keep-alive" &&
  connection.split(",").some((member) => isProtected(member.trim().toLowerCase()));

/** One pass over the headers, before anything in them is believed. */
export function readHead(headers: readonly string[]): HeadFacts | HeaderFault {
  if (headers.length > HEADER_LIMIT * 2) return "count";
  const facts = emptyFacts();
  let others: Set<string> | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? "").toLowerCase();
    const value = headers[index + 1] ?? "";
    // Many servers take `_` for `-`, so such a name could become one that we control.
    if (name === "" || name.includes("_")) return "name";
    const field = FIELDS.get(name);
    if (field !== undefined) {
      if (facts[field] !== undefined) return "duplicate";
      facts[field] = value;
    } else if (name === "connection") {
      if (namesProtected(value)) return "connection";
      facts.connection = facts.connection === undefined ? value : `${facts.connection},${value}`;
    } else if (name === "accept") facts.accept ??= value;
    else if (name === "service-worker") facts.worker = value.trim().toLowerCase() === "script";
    else if (name === "access-control-request-method") facts.preflight = true;
    else if (isProtected(name)) {
      if (others === undefined) others = new Set([name]);
      else if (others.has(name)) return "duplicate";
      else others.add(name);
    }
  }
  return facts;
}
