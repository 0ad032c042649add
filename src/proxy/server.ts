import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf } from "../base/errors.ts";
import { peerUids } from "../base/peer-uid.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { escapeLine } from "../base/terminal.ts";
import { millis, type Millis } from "../base/units.ts";
import { sendPage, writePage } from "./answer.ts";
import { endAfterAnswers, isBusy, openConnection, type Connection } from "./connection.ts";
import { drainConnections } from "./drain.ts";
import type { ProxyEvent } from "./event.ts";
import { endFaulty } from "./fault.ts";
import { guard, PROGRAM_SESSIONS, type GatePolicy, type Refusal, type Verdict } from "./guard.ts";
import { REFUSE_EARLY, type ProxyListener } from "./listener.ts";
import { answerOwn } from "./own.ts";
import { signedOutPage } from "./pages/fixed.ts";
import { problemOnSocket, sendProblem } from "./problem.ts";
import { refusalPage } from "./refusal.ts";
import { createApiToken } from "./session.ts";
import { hostAndPort, hostsAt, openSites, shownTitle, type OpenSite, type SiteHost } from "./sites.ts";
import type { Forwarder, Origin, Problem } from "./types.ts";

export interface ProxyOptions {
  readonly system: System;
  readonly listener: ProxyListener;
  readonly sites: readonly { readonly site: Origin; readonly forwarder: Forwarder }[];
  /** False only for `--no-session`. Default true. */
  readonly sessions?: boolean;
  readonly onEvent?: (event: ProxyEvent) => void;
}

export interface LaunchLink {
  /** The whole link. Good once. */
  readonly url: Secret;
  readonly life: Millis;
}

/** Disposing cuts everything off; `drain` is the kind way. The listener and the forwarders stay the caller's. */
export interface ProxyServer extends AsyncDisposable {
  readonly port: number;
  /** What clients that are no browsers send in `X-Kauth-Token`. */
  readonly apiToken: Secret;
  /** Connections, and exchanges and upgraded streams in flight. */
  readonly active: { readonly connections: number; readonly exchanges: number };
  /** `http://HOST:PORT` of a site. */
  originOf(site: Origin): string;
  /** A new launch link; the earlier one of that site is void from now on. */
  newLaunch(site: Origin, options: { readonly printed: boolean }): LaunchLink;
  /** Ends all sessions of a site, with whatever they have open, programs' too; they have to be launched anew. */
  endSessions(site: Origin): void;
  /** Calls back at every event until the returned function is called. */
  onEvent(listener: (event: ProxyEvent) => void): () => void;
  /** Stops accepting, closes WebSockets with 1001, lets answers end for at most `limit` (default 10 s). */
  drain(options?: { readonly limit?: Millis; readonly signal?: AbortSignal }): Promise<void>;
}

const DRAIN_LIMIT = millis(10_000);
/** Requests that may be sent before the answers to earlier ones; no browser does that. */
const QUEUE_MAX = 4;
/** Milliseconds without a byte after which the kernel asks whether the other end of a WebSocket still exists. */
const KEEP_ALIVE = 30_000;

/** Starts to serve on a listener: the gate in front, the sites' forwarders behind it. */
export async function serveProxy(options: ProxyOptions): Promise<ProxyServer> {
  const { system, listener } = options;
  const apiToken = createApiToken(system);
  const connections = new Map<Duplex, Connection>();
  /** All that was opened through a session ends with it (security.md R-N7, R-C6). */
  const endSession = (id: string, forwarder: Forwarder): void => {
    forwarder.forget(id);
    // The answer to the request that ended it may go out on one of them: it is written first.
    queueMicrotask(() => {
      for (const { socket, sessions } of connections.values()) if (sessions.has(id)) socket.destroy();
    });
  };
  const [sites, uids] = await Promise.all([
    openSites(system, options.sites, listener.port, endSession),
    peerUids(system),
  ]);
  const audience = new Set<(event: ProxyEvent) => void>();
  if (options.onEvent !== undefined) audience.add(options.onEvent);
  const emit = (event: ProxyEvent): void => {
    for (const listen of audience) listen(event);
  };
  const gate: Gate = { system, emit, connections, draining: false };
  const accept = (socket: Socket): void => {
    connections.set(
      socket,
      openConnection(socket, { uids, uid: system.uid, onStranger: (uid) => emit({ kind: "stranger", uid }) }),
    );
    socket.once("close", () => connections.delete(socket));
  };
  for (const { server, port } of listener.bound) {
    const policy: GatePolicy<SiteHost> = {
      hosts: hostsAt(port, sites),
      apiToken: (value) => apiToken.matches(value),
      sessions: options.sessions ?? true,
    };
    attach(server, { gate, policy, port, accept });
  }
  const openOf = (site: Origin): OpenSite => {
    const found = sites.find((open) => open.site === site);
    if (found === undefined) throw new TypeError("this site is not served here");
    return found;
  };
  const servers = listener.bound.map(({ server }) => server);
  const originOf = (site: Origin): string => `http://${hostAndPort(openOf(site).site.host, listener.port)}`;
  const end = async (limit: Millis, signal: AbortSignal): Promise<void> => {
    gate.draining = true;
    await drainConnections(servers, connections, { system, limit, signal });
    for (const { sessions } of sites) sessions.close();
    await Promise.all(sites.map(({ gap }) => gap.close()));
  };
  return {
    port: listener.port,
    apiToken: apiToken.token,
    get active() {
      const exchanges = sites.reduce((sum, { forwarder }) => sum + forwarder.active, 0);
      return { connections: connections.size, exchanges };
    },
    originOf,
    newLaunch: (site, { printed }) => {
      const { token, life } = openOf(site).sessions.launch({ printed });
      return { url: new Secret(`${originOf(site)}/__kauth/launch#${token.reveal()}`), life };
    },
    endSessions: (site) => {
      const { sessions, forwarder } = openOf(site);
      sessions.endAll();
      for (const id of PROGRAM_SESSIONS) endSession(id, forwarder);
    },
    onEvent: (listen) => {
      audience.add(listen);
      return () => audience.delete(listen);
    },
    drain: (how = {}) => end(how.limit ?? DRAIN_LIMIT, how.signal ?? new AbortController().signal),
    [Symbol.asyncDispose]: () => end(millis(0), AbortSignal.abort()),
  };
}

interface Gate {
  readonly system: System;
  readonly emit: (event: ProxyEvent) => void;
  readonly connections: ReadonlyMap<Duplex, Connection>;
  draining: boolean;
}

interface Door {
  readonly gate: Gate;
  readonly policy: GatePolicy<SiteHost>;
  readonly port: number;
  readonly accept: (socket: Socket) => void;
}

const attach = (server: Server, door: Door): void => {
  const { connections } = door.gate;
  /** Runs at once when the connection is known to be ours, which it is for all but its first request. */
  const known = (socket: Duplex, run: (connection: Connection) => void): void => {
    const connection = connections.get(socket);
    if (connection === undefined) socket.destroy();
    else if (connection.trusted === true) run(connection);
    else void connection.decided.then(() => (connection.trusted === true ? run(connection) : undefined));
  };
  const http =
    (expects: boolean) =>
    (request: IncomingMessage, response: ServerResponse): void =>
      known(request.socket, (connection) => {
        if (connection.refused || request.socket.destroyed) return;
        if (isBusy(connection) && !queue(connection, response)) return;
        connection.request = request;
        connection.response = response;
        onRequest({ request, response, expects, connection, door });
      });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    known(socket, (connection) => onUpgrade({ request, connection, glued: head.length, door }));
  server.on("request", http(false));
  server.on("checkContinue", http(true));
  server.on("checkExpectation", http(false));
  server.on("upgrade", upgrade);
  server.on("connect", upgrade);
  server.on("clientError", (error: unknown, socket: Duplex) =>
    endFaulty(socket, error, connections.get(socket)),
  );
  server.on("error", (error) => door.gate.system.log.warn(`A listener reports: ${messageOf(error)}`));
  server.off("connection", REFUSE_EARLY);
  server.on("connection", door.accept);
};

/** Whether one more request may wait behind those that are not answered yet; if not, it is the end of the connection. */
const queue = (connection: Connection, response: ServerResponse): boolean => {
  if (connection.queued < QUEUE_MAX) {
    connection.queued += 1;
    response.once("close", () => (connection.queued -= 1));
    return true;
  }
  endAfterAnswers(connection);
  return false;
};

const decide = (
  request: IncomingMessage,
  policy: GatePolicy<SiteHost>,
  glued: number | undefined,
): Verdict<SiteHost> =>
  guard(
    {
      method: request.method ?? "",
      target: request.url ?? "",
      version: request.httpVersion,
      headers: request.rawHeaders,
      upgrade: glued !== undefined,
      glued: glued ?? 0,
    },
    policy,
  );

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** `Expect: 100-continue`; answered only after the gate has said yes (security.md R-E8). */
  readonly expects: boolean;
  readonly connection: Connection;
  readonly door: Door;
}

const onRequest = ({ request, response, expects, connection, door }: Exchange): void => {
  const { gate, policy, port } = door;
  const verdict = decide(request, policy, undefined);
  if (verdict.kind === "refuse") {
    note(gate, request, verdict);
    connection.refused = true;
    const title = shownTitle(verdict.host?.open?.site);
    const page =
      verdict.reason === "session" && verdict.navigation
        ? signedOutPage(title)
        : refusalPage(verdict.status, verdict.reason);
    sendPage(response, page, gate.system, true);
    return;
  }
  response.on("error", () => response.destroy());
  if (gate.draining) response.shouldKeepAlive = false;
  const { host } = verdict;
  if (verdict.kind === "own") {
    answerOwn({ request, response, host, answer: verdict.answer, system: gate.system, emit: gate.emit });
    return;
  }
  connection.sessions.add(verdict.session);
  if (expects) response.writeContinue();
  try {
    siteOf(host).forwarder.request(request, response, { session: verdict.session, port });
  } catch (error) {
    sendProblem(response, ownFault(gate, error), { navigation: false, system: gate.system });
  }
};

const onUpgrade = (upgrade: {
  readonly request: IncomingMessage;
  readonly connection: Connection;
  readonly glued: number;
  readonly door: Door;
}): void => {
  const { request, connection, glued, door } = upgrade;
  const { socket } = connection;
  // An answer to an earlier request would be mixed with what the new protocol says.
  if (isBusy(connection) || connection.refused) {
    socket.destroy();
    return;
  }
  const verdict = decide(request, door.policy, glued);
  if (verdict.kind !== "forward") {
    if (verdict.kind === "refuse") {
      note(door.gate, request, verdict);
      writePage(socket, refusalPage(verdict.status, verdict.reason));
    } else writePage(socket, refusalPage(400, "upgrade"));
    return;
  }
  socket.setTimeout(0);
  socket.setKeepAlive(true, KEEP_ALIVE);
  connection.upgradedAt = socket.bytesWritten;
  connection.sessions.add(verdict.session);
  try {
    siteOf(verdict.host).forwarder.upgrade(request, socket, { session: verdict.session, port: door.port });
  } catch (error) {
    problemOnSocket(socket, ownFault(door.gate, error));
  }
};

const siteOf = (host: SiteHost): OpenSite => {
  if (host.open === undefined) throw new TypeError("a bare name leads to no site");
  return host.open;
};

const ownFault = ({ system }: Gate, error: unknown): Problem => {
  const incident = system.random(4).toString("hex");
  system.log.warn(`Incident ${incident}: a request could not be handled: ${messageOf(error)}`);
  return {
    status: 502,
    title: "kauth met a fault of its own",
    detail: "The request was not answered. The terminal where kauth runs says more.",
    incident,
  };
};

/** Method, path without query and the rule: never a header, a body or a query (security.md R-H1). */
const note = ({ system }: Gate, request: IncomingMessage, verdict: Refusal): void => {
  if (system.log.level < 2) return;
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  system.log.verbose(
    2,
    `Refused ${request.method ?? ""} ${escapeLine(path)}: ${verdict.status}, ${verdict.reason}`,
  );
};
