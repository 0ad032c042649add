import type { IncomingMessage } from "node:http";

/** Whom the cluster takes tokens for. */
export interface Accounts {
  /** Undefined for a token that it rejects now. */
  user(token: string): string | undefined;
  /** Whose token it is or was. */
  owner(token: string): string | undefined;
}

/** What a stand-in saw of a request, for the tests: no secret is kept. */
export interface Seen {
  readonly pod: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly upgrade: boolean;
  /** Lines, whatever they hold. */
  readonly authorizations: number;
  /** Whose token the stand-in took the request for, good or not. */
  readonly owner: string | undefined;
  /** The person, where the token is good. */
  readonly user: string | undefined;
  readonly cookies: readonly string[];
  readonly origin: string | undefined;
  /** An Origin that is not that of the `Host`. */
  readonly foreign: boolean;
  /** Names, lower case. */
  readonly headers: readonly string[];
  /** 0 until there is an answer. */
  status: number;
}

export const linesOf = (request: IncomingMessage, name: string): readonly string[] =>
  request.rawHeaders.filter(
    (_value, at) => at % 2 === 1 && request.rawHeaders[at - 1]?.toLowerCase() === name,
  );

/** Exactly one line, exactly `Bearer`, one token: the real back ends are this strict or stricter. */
export const bearerOf = (request: IncomingMessage): string | undefined => {
  const lines = linesOf(request, "authorization");
  return lines.length === 1 ? /^Bearer ([^\s,]+)$/.exec(lines[0] ?? "")?.[1] : undefined;
};

export const cookiesOf = (request: IncomingMessage): ReadonlyMap<string, string> =>
  new Map(
    linesOf(request, "cookie")
      .flatMap((line) => line.split(";"))
      .map((pair): [string, string] => {
        const [name = "", ...value] = pair.trim().split("=");
        return [name, value.join("=")];
      })
      .filter(([name]) => name !== ""),
  );

export interface Note {
  readonly pod: string;
  readonly upgrade: boolean;
  readonly scheme: "http" | "https";
  /** What the stand-in takes as the credential. */
  readonly token: string | undefined;
  readonly accounts: Accounts;
}

export const seenOf = (request: IncomingMessage, note: Note): Seen => {
  const origin = linesOf(request, "origin").join(", ");
  return {
    pod: note.pod,
    method: request.method ?? "",
    target: request.url ?? "",
    upgrade: note.upgrade,
    authorizations: linesOf(request, "authorization").length,
    owner: note.token === undefined ? undefined : note.accounts.owner(note.token),
    user: note.token === undefined ? undefined : note.accounts.user(note.token),
    cookies: [...cookiesOf(request).keys()],
    origin: origin === "" ? undefined : origin,
    foreign: origin !== "" && origin !== `${note.scheme}://${request.headers.host ?? ""}`,
    headers: request.rawHeaders.filter((_value, at) => at % 2 === 0).map((name) => name.toLowerCase()),
    status: 0,
  };
};
