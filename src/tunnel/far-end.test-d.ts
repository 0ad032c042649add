import { duplexPair, type Duplex } from "node:stream";
import type { Connection, UpgradeRefused, UpgradeRequest } from "../api/index.ts";
import { valuesOf, type RawHeaders } from "../base/headers.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis, millis } from "../base/units.ts";
import { SPDY_ANSWER } from "./spdy/handshake.ts";
import { serveSpdy, type PodConnection, type ServerQuirks, type SpdyServer } from "./spdy/server.ts";
import { Session } from "./spdy/session.ts";
import type { Carrier, CarrierMemory } from "./types.ts";
import { websocketAnswer } from "./websocket/handshake.ts";

/** Far ends of tunnels and clocks for this module's tests. */

/** Lets everything that is under way in memory come to rest. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
};

export interface Clock {
  readonly system: System;
  /** Milliseconds since the test began. */
  readonly time: number;
  /** Moves on, from one sleeper to the next; `asleep` moves the wall clock only, as a suspended machine does. */
  advance(time: number): Promise<void>;
  suspend(time: number): void;
}

/** A clock that stands still until it is told. */
export function clock(): Clock {
  let time = 0;
  let wall = 1_800_000_000_000;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const system: System = {
    ...realSystem(),
    now: () => epochMillis(wall),
    monotonic: () => millis(time),
    sleep: (length, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: time + length, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", () => {
          const index = sleepers.indexOf(sleeper);
          if (index >= 0) sleepers.splice(index, 1);
          reject(signal.reason as Error);
        });
      }),
  };
  return {
    system,
    get time() {
      return time;
    },
    async advance(length) {
      const end = time + length;
      await settle();
      for (;;) {
        const next = sleepers.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        sleepers.splice(sleepers.indexOf(next), 1);
        wall += next.at - time;
        time = next.at;
        next.wake();
        await settle();
      }
      wall += end - time;
      time = end;
    },
    suspend: (length) => {
      wall += length;
    },
  };
}

/** What an application does with a connection. */
export type App = (connection: PodConnection) => void;

export const echo: App = ({ stream }) => {
  stream.on("error", () => undefined);
  stream.pipe(stream);
};

export interface Pair {
  readonly session: Session;
  readonly server: SpdyServer;
  /** The client's and the server's socket. */
  readonly near: Duplex;
  readonly far: Duplex;
  readonly clock: Clock;
  readonly connections: PodConnection[];
}

/** A tunnel in memory, its far end and its clock. */
export function pair(carrier: Carrier, app: App, quirks: ServerQuirks = {}): Pair {
  const [near, far] = duplexPair();
  const time = clock();
  const connections: PodConnection[] = [];
  const server = serveSpdy(far, {
    carrier,
    system: time.system,
    quirks,
    onConnection: (connection) => {
      connections.push(connection);
      app(connection);
    },
  });
  const session = new Session({ socket: near, head: Buffer.alloc(0), carrier, system: time.system });
  return { session, server, near, far, clock: time, connections };
}

export type Answer =
  | { readonly kind: "tunnel"; readonly app?: App; readonly quirks?: ServerQuirks }
  | { readonly kind: "refuse"; readonly status: number; readonly message: string }
  | { readonly kind: "hang" }
  | { readonly kind: "break"; readonly beforeSent: boolean }
  /** A 101 with other headers. */
  | { readonly kind: "wrong"; readonly headers: RawHeaders };

export interface ApiServer {
  readonly connection: Connection;
  readonly requests: UpgradeRequest[];
  readonly servers: SpdyServer[];
  readonly sockets: Duplex[];
  /** Connections that applications got. */
  readonly connections: PodConnection[];
}

const headersOf = (head: string): RawHeaders =>
  head
    .split("\r\n")
    .slice(1)
    .filter((line) => line !== "")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);

/** An API server in memory that answers upgrades as `script` says. */
export function apiServer(system: System, script: (carrier: Carrier, count: number) => Answer): ApiServer {
  const made: ApiServer = {
    requests: [],
    servers: [],
    sockets: [],
    connections: [],
    connection: {
      server: "https://in-memory",
      request: () => Promise.reject(new Error("not used here")),
      stream: () => {
        throw new Error("not used here");
      },
      upgrade: (request) => upgrade(request),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  };
  const upgrade = async (request: UpgradeRequest): ReturnType<Connection["upgrade"]> => {
    made.requests.push(request);
    const carrier: Carrier = request.method === "POST" ? "spdy" : "websocket";
    const answer = script(carrier, made.requests.length);
    await settle();
    if (answer.kind === "break" && answer.beforeSent) throw new Error("cannot connect");
    request.onSent?.();
    switch (answer.kind) {
      case "break":
        throw new Error("reset by a middle box");
      case "hang":
        return new Promise((_, reject) => {
          request.signal?.addEventListener("abort", () => reject(request.signal?.reason as Error));
        });
      case "refuse": {
        const body = JSON.stringify({ kind: "Status", message: answer.message });
        const refused: UpgradeRefused = { kind: "refused", status: answer.status, headers: [], body };
        return refused;
      }
      case "wrong":
      case "tunnel": {
        const [near, far] = duplexPair();
        made.sockets.push(far);
        const key = valuesOf(request.headers, "sec-websocket-key")[0] ?? "";
        const headers =
          answer.kind === "wrong"
            ? answer.headers
            : headersOf(carrier === "spdy" ? SPDY_ANSWER : websocketAnswer(key));
        if (answer.kind === "tunnel") {
          const app = answer.app ?? echo;
          made.servers.push(
            serveSpdy(far, {
              carrier,
              system,
              quirks: answer.quirks ?? {},
              onConnection: (connection) => {
                made.connections.push(connection);
                app(connection);
              },
            }),
          );
        }
        return { kind: "upgraded", headers, socket: near, head: Buffer.alloc(0) };
      }
    }
  };
  return made;
}

export interface Memory extends CarrierMemory {
  value: Carrier | undefined;
}

export function memory(value?: Carrier): Memory {
  const held: Memory = {
    value,
    recall: () => held.value,
    remember: (carrier) => {
      held.value = carrier;
    },
    forget: () => {
      held.value = undefined;
    },
  };
  return held;
}

/** Everything that a stream gives until it ends. */
export async function all(stream: Duplex): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("latin1");
}

/** The error that a stream fails with. */
export const failure = (stream: Duplex): Promise<Error> =>
  new Promise((resolve) => stream.once("error", resolve).resume());
