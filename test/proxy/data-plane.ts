import { createServer, type IncomingMessage } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import type { RawHeaders } from "../../src/base/headers.ts";
import { logTo } from "../../src/base/log.ts";
import { realSystem, type System } from "../../src/base/system.ts";
import { millis } from "../../src/base/units.ts";
import type { WireLimits } from "../../src/proxy/forward/wire.ts";
import { createForwarder, type Forwarder, type Incident, type Site } from "../../src/proxy/index.ts";
import { siteAt } from "./fake-site.ts";

/** The data plane between a client and a pod, all three in memory. */

/** Lets everything that is under way in memory come to rest. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((done) => setImmediate(done));
};

/** For what comes by a timer or by TLS: a busy machine may take its time. */
export const SOON = { timeout: 10_000, interval: 5 } as const;

/** A clock that stands still until it is told. */
export interface StillSystem {
  readonly system: System;
  readonly log: readonly string[];
  /** Moves on, and wakes who has slept long enough. */
  readonly advance: (time: number) => void;
}

export function stillSystem(level = 0): StillSystem {
  let time = 0;
  const log: string[] = [];
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const put = (text: string): void => void log.push(text);
  return {
    log,
    advance: (length) => {
      time += length;
      for (const sleeper of sleepers) if (sleeper.until <= time && sleepers.delete(sleeper)) sleeper.wake();
    },
    system: {
      ...realSystem(),
      log: logTo({ out: put, err: put }, level),
      monotonic: () => millis(time),
      random: (size) => Buffer.alloc(size, 0xab),
      sleep: async (length, signal) => {
        signal?.throwIfAborted();
        await new Promise<void>((resolve, reject) => {
          const sleeper = { until: time + length, wake: resolve };
          sleepers.add(sleeper);
          signal?.addEventListener("abort", () => {
            sleepers.delete(sleeper);
            reject(signal.reason as Error);
          });
        });
      },
    },
  };
}

/** The pod's end of a stream that was dialled. */
export interface PodStream {
  readonly session: string;
  readonly bulk: boolean;
  /** All that has arrived, in Latin-1. */
  readonly heard: string;
  /** The proxy has let go of it. */
  readonly over: boolean;
  readonly duplex: Duplex;
  say(bytes: string | Buffer): void;
  /** Ends our half in order. */
  end(): void;
  /** The tunnel reports a failure of this stream. */
  fail(error: Error): void;
}

export interface Client {
  /** All that has arrived, in Latin-1. */
  readonly text: string;
  /** Status of each final answer. */
  readonly statuses: readonly number[];
  /** The proxy has closed the connection. */
  readonly ended: boolean;
  send(bytes: string | Buffer): void;
  leave(): void;
}

export interface DataPlane extends AsyncDisposable, StillSystem {
  readonly forwarder: Forwarder;
  /** In the order of the dials. */
  readonly streams: readonly PodStream[];
  /** What each question for a credential called rejected. */
  readonly rejected: readonly (RawHeaders | undefined)[];
  /** Why requests got answers of ours. */
  readonly incidents: readonly Incident[];
  /** Says that nobody of this name is there any more. */
  gone(peer: string): void;
  /** A new connection of a client. */
  connect(session?: string): Duplex;
  open(session?: string): Client;
  /** Sends a request on a new connection and waits until all is at rest. */
  ask(bytes: string | Buffer, session?: string): Promise<Client>;
}

export const OURS: RawHeaders = [["Authorization", "Bearer ours"]];
export const HOST = "ui-0123456789abcdef0123.localhost:18000";

/** A request as a page of the site sends it. */
export const request = (line: string, headers: readonly string[] = [], body = ""): string =>
  [`${line} HTTP/1.1`, `Host: ${HOST}`, ...headers, "", body].join("\r\n");

export const GET = request("GET /");

export const NAVIGATION = request("GET /", ["Sec-Fetch-Mode: navigate"]);

/** As they are, but for a navigation, whose moment is real time. */
export const HOLDING: WireLimits = {
  dial: millis(120_000),
  navigation: millis(1),
  authorize: millis(60_000),
  change: millis(5_000),
};

export const FINE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

export interface PlaneOptions {
  /** Called for each request head that arrives, with its number from 0 on. Default: answers `FINE`. */
  readonly pod?: (stream: PodStream, turn: number) => void;
  readonly site?: Partial<Site>;
  readonly limits?: WireLimits;
  /** Called for each question for a credential. Default: always `OURS`. */
  readonly authorize?: (
    rejected: RawHeaders | undefined,
    doubtful: boolean,
  ) => RawHeaders | Promise<RawHeaders>;
  /** Called before each dial; what it throws is the dial's failure. */
  readonly dial?: (signal: AbortSignal, turn: number) => void | Promise<void>;
  /** Who is said to answer a dial now. Default: nothing is said of it. */
  readonly peer?: () => string | undefined;
  /** What is said to stand in the way. Default: nothing. */
  readonly trouble?: () => unknown;
  readonly level?: number;
}

/** As a socket does: the memory of what is written may be used again once the write has called back. */
const copyingPair = (): [Duplex, Duplex] => {
  const [near, far] = duplexPair();
  const write = near._write.bind(near);
  near._write = (chunk: unknown, encoding, done) =>
    write(Buffer.isBuffer(chunk) ? Buffer.from(chunk) : chunk, encoding, done);
  return [near, far];
};

export function dataPlane(options: PlaneOptions = {}): DataPlane {
  const still = stillSystem(options.level);
  const streams: PodStream[] = [];
  const rejected: (RawHeaders | undefined)[] = [];
  const incidents: Incident[] = [];
  const gone: ((peer: string) => void)[] = [];
  const pod = options.pod ?? ((stream) => stream.say(FINE));
  let turn = 0;
  let dials = 0;
  const site = siteAt("ui-0123456789abcdef0123.localhost", {
    upstream: {
      authorize: async (wanted) => {
        rejected.push(wanted.rejected);
        return (await options.authorize?.(wanted.rejected, wanted.doubtful ?? false)) ?? OURS;
      },
      dial: async ({ session, bulk, signal }) => {
        await options.dial?.(signal, dials++);
        const [near, far] = copyingPair();
        const stream = podStream(near, far, { session, bulk, onRequest: () => pod(stream, turn++) });
        streams.push(stream);
        return { stream: near, peer: options.peer?.() ?? "pod" };
      },
      trouble: () => options.trouble?.(),
      ...(options.peer === undefined ? {} : { peer: options.peer }),
      onGone: (listener) => void gone.push(listener),
    },
    ...options.site,
  });
  const forwarder = createForwarder(site, {
    system: still.system,
    onIncident: (incident) => incidents.push(incident),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const sessions = new Map<Duplex, string>();
  const admit = (socket: Duplex): { readonly session: string; readonly port: number } => ({
    session: sessions.get(socket) ?? "nobody",
    port: 18_000,
  });
  const server = createServer();
  server.on("request", (asked, answer) => {
    answer.on("error", () => answer.destroy());
    forwarder.request(asked, answer, admit(asked.socket));
  });
  server.on("upgrade", (asked: IncomingMessage, socket: Duplex) =>
    forwarder.upgrade(asked, socket, admit(socket)),
  );
  const clients: Duplex[] = [];
  const connect = (session = "alice"): Duplex => {
    const [near, far] = duplexPair();
    clients.push(near);
    sessions.set(far, session);
    server.emit("connection", far);
    return near;
  };
  const open = (session?: string): Client => clientOf(connect(session));
  return {
    ...still,
    forwarder,
    streams,
    rejected,
    incidents,
    gone: (peer) => {
      for (const listener of gone) listener(peer);
    },
    connect,
    open,
    ask: async (bytes, session) => {
      const client = open(session);
      client.send(bytes);
      await settle();
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await settle();
      await forwarder[Symbol.asyncDispose]();
    },
  };
}

const podStream = (
  near: Duplex,
  far: Duplex,
  how: { readonly session: string; readonly bulk: boolean; readonly onRequest: () => void },
): PodStream => {
  let heard = "";
  far.on("error", () => undefined);
  far.on("data", (part: Buffer) => {
    const text = part.toString("latin1");
    heard += text;
    if (/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(text)) how.onRequest();
  });
  return {
    session: how.session,
    bulk: how.bulk,
    duplex: far,
    get heard() {
      return heard;
    },
    get over() {
      return near.destroyed;
    },
    say: (bytes) => {
      if (!far.destroyed) far.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    },
    end: () => void far.end(),
    fail: (error) => void near.destroy(error),
  };
};

const clientOf = (near: Duplex): Client => {
  let text = "";
  let ended = false;
  near.on("error", () => undefined);
  near.on("data", (part: Buffer) => (text += part.toString("latin1")));
  near.on("end", () => (ended = true));
  near.on("close", () => (ended = true));
  return {
    get text() {
      return text;
    },
    get statuses() {
      return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
    },
    get ended() {
      return ended;
    },
    send: (bytes) => void near.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    // Without a reason the other end would only see the end of our half.
    leave: () => void near.destroy(new Error("the client left")),
  };
};

/** The values of a header (lower case) in a head, in order. */
export const values = (head: string, name: string): readonly string[] =>
  (head.split("\r\n\r\n", 1)[0] ?? "")
    .split("\r\n")
    .slice(1)
    .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(":") + 1).trim());
