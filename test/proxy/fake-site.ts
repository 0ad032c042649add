import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTo } from "../../src/base/log.ts";
import { realSystem, type System } from "../../src/base/system.ts";
import { epochMillis, millis, type Millis } from "../../src/base/units.ts";
import {
  openListener,
  serveProxy,
  type Forwarder,
  type ListenPlan,
  type ProxyEvent,
  type ProxyListener,
  type ProxyServer,
  type Site,
} from "../../src/proxy/index.ts";

/** A request that came through the gate. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly session: string;
  readonly upgrade: boolean;
  body: Buffer;
  complete: boolean;
}

/** Stands in for the data plane: keeps all that reaches it and answers 200 with the body's length. */
export interface Recorder extends Forwarder {
  readonly seen: readonly Seen[];
  /** Sessions that it was told are over. */
  readonly forgotten: readonly string[];
  /** Answers wait until this is called. */
  hold(): () => void;
}

function recorder(): Recorder {
  const seen: Seen[] = [];
  const forgotten: string[] = [];
  let active = 0;
  let gate: Promise<void> = Promise.resolve();
  const record = (request: IncomingMessage, session: string, upgrade: boolean): Seen => {
    const one: Seen = {
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.rawHeaders,
      session,
      upgrade,
      body: Buffer.alloc(0),
      complete: false,
    };
    seen.push(one);
    return one;
  };
  return {
    seen,
    forgotten,
    forget: (session) => void forgotten.push(session),
    hold: () => {
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => {
        gate = Promise.resolve();
        open();
      };
    },
    request: (request, response, { session }) => {
      const one = record(request, session, false);
      active += 1;
      response.once("close", () => (active -= 1));
      request.on("data", (part: Buffer) => (one.body = Buffer.concat([one.body, part])));
      request.on("end", () => {
        one.complete = true;
        void gate.then(() => {
          response.writeHead(200, ["Content-Type", "text/plain", "Content-Length", "5"]);
          response.end("seen\n");
        });
      });
    },
    upgrade: (request, socket, { session }) => {
      record(request, session, true);
      active += 1;
      socket.once("close", () => (active -= 1));
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      socket.on("data", (part: Buffer) => socket.write(part));
      socket.on("end", () => socket.end());
    },
    get active() {
      return active;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export const siteAt = (host: string, over: Partial<Site> = {}): Site => ({
  host,
  title: "svc/ui in apps",
  upstream: {
    dial: () => Promise.reject(new TypeError("the gate must not dial")),
    authorize: () => Promise.reject(new TypeError("the gate must not ask for a credential")),
  },
  scheme: "http",
  authority: "ui.apps.svc",
  path: "/",
  stripCookies: [],
  preserveOrigin: false,
  cookiePrefix: undefined,
  upstreamCa: undefined,
  ...over,
});

/** Time that passes when a test says so, and wakes sleepers; the real one passes too. */
export interface TestClock {
  advance(time: number): void;
}

export interface Served extends AsyncDisposable {
  readonly system: System;
  readonly clock: TestClock;
  readonly log: readonly string[];
  readonly listener: ProxyListener;
  readonly proxy: ProxyServer;
  readonly site: Site;
  readonly other: Site;
  readonly recorder: Recorder;
  readonly events: readonly ProxyEvent[];
  readonly home: string;
  readonly port: number;
  /** Signs in over a launch link. */
  signIn(site?: Site): Promise<string>;
  raw(bytes: string | Buffer, options?: RawOptions): Promise<RawAnswer>;
}

export interface TestSystem {
  readonly system: System;
  readonly clock: TestClock;
  readonly log: readonly string[];
  readonly home: string;
  remove(): Promise<void>;
}

export async function testSystem(level = 0): Promise<TestSystem> {
  const home = await mkdtemp(join(tmpdir(), "kauth-proxy-"));
  const log: string[] = [];
  let shift = 0;
  const real = realSystem();
  const monotonic = (): Millis => millis(real.monotonic() + shift);
  const sleepers = new Set<{ readonly until: number; readonly waker: AbortController }>();
  const system: System = {
    ...real,
    env: { ...real.env, KAUTH_HOME: home },
    log: logTo({ out: (text) => log.push(text), err: (text) => log.push(text) }, level),
    now: () => epochMillis(real.now() + shift),
    monotonic,
    sleep: async (time, signal) => {
      const sleeper = { until: monotonic() + time, waker: new AbortController() };
      const awake = sleeper.waker.signal;
      sleepers.add(sleeper);
      await real
        .sleep(time, signal === undefined ? awake : AbortSignal.any([awake, signal]))
        .catch(() => signal?.throwIfAborted())
        .finally(() => sleepers.delete(sleeper));
    },
  };
  return {
    system,
    log,
    home,
    clock: {
      advance: (time) => {
        shift += time;
        for (const { until, waker } of sleepers) if (until <= monotonic()) waker.abort();
      },
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

export async function serveFake(
  options: {
    readonly plan?: ListenPlan;
    readonly site?: Partial<Site>;
    readonly host?: string;
    readonly sessions?: boolean;
    readonly level?: number;
    readonly under?: TestSystem;
  } = {},
): Promise<Served> {
  const under = options.under ?? (await testSystem(options.level));
  const { system, clock, log, home } = under;
  const plan = options.plan ?? { addresses: ["127.0.0.1:0"], ip: undefined };
  const listener = await openListener(plan, system);
  const site = siteAt(options.host ?? "ui-0123456789abcdef0123.localhost", options.site);
  const other = siteAt("other-0123456789abcdef0123.localhost", { title: "svc/other in apps" });
  const forwarder = recorder();
  const elsewhere = recorder();
  const events: ProxyEvent[] = [];
  const proxy = await serveProxy({
    system,
    listener,
    sites: [
      { site, forwarder },
      { site: other, forwarder: elsewhere },
    ],
    sessions: options.sessions ?? true,
    onEvent: (event) => events.push(event),
  });
  const address = listener.bound[0]?.address ?? "127.0.0.1";
  const send = (bytes: string | Buffer, how: RawOptions = {}): Promise<RawAnswer> =>
    raw({ host: address, port: proxy.port }, bytes, how);
  return {
    system,
    clock,
    log,
    listener,
    proxy,
    site,
    other,
    recorder: forwarder,
    events,
    home,
    port: proxy.port,
    raw: send,
    signIn: async (which = site) => {
      const url = new URL(proxy.newLaunch(which, { printed: false }).url.reveal());
      const answer = await send(sessionRequest(url.host, url.hash.slice(1)));
      const cookie = /^set-cookie: ([^;]+);/im.exec(answer.text)?.[1];
      if (cookie === undefined) throw new TypeError(`no session: ${answer.text}`);
      return cookie;
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      if (options.under === undefined) await under.remove();
    },
  };
}

/** A GET that ends its connection. */
export const getRequest = (host: string, path: string, headers: readonly string[] = []): string =>
  [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...headers, "Connection: close", "", ""].join("\r\n");

/** What a browser sends with the load of a page. */
export const NAVIGATION: readonly string[] = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];

export const sessionRequest = (host: string, token: string): string =>
  `POST /__kauth/session HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: ${token.length}\r\nConnection: close\r\n\r\n${token}`;

export interface RawOptions {
  /** Answers to wait for before the connection is closed from here; without it the server has to close. */
  readonly answers?: number;
  /** Asked every 20 ms whether the connection may be closed from here. */
  readonly enough?: (statuses: readonly number[]) => boolean;
  /** Milliseconds after which whatever came is the answer. Default 15,000: a busy machine may take its time. */
  readonly limit?: number;
}

export interface RawAnswer {
  readonly text: string;
  /** Status of each final answer, in order. */
  readonly statuses: readonly number[];
  /** How the connection ended. */
  readonly end: "closed" | "reset" | "timeout" | "enough";
}

const statusesIn = (text: string): readonly number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)]
    .map(([, status]) => Number(status))
    .filter((status) => status !== 100);

/** Bytes to a socket, bytes from it. */
export async function raw(
  to: { readonly host: string; readonly port: number },
  bytes: string | Buffer,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const socket = connect({ host: to.host, port: to.port });
  const parts: Buffer[] = [];
  const text = (): string => Buffer.concat(parts).toString("latin1");
  let end: RawAnswer["end"] = "closed";
  const timer = setTimeout(() => {
    end = "timeout";
    socket.destroy();
  }, options.limit ?? 15_000);
  const asking = setInterval(() => {
    if (options.enough?.(statusesIn(text())) !== true) return;
    end = "enough";
    socket.destroy();
  }, 20);
  socket.on("data", (part) => {
    parts.push(part);
    if (options.answers !== undefined && statusesIn(text()).length >= options.answers) {
      end = "enough";
      socket.destroy();
    }
  });
  socket.on("error", () => (end = "reset"));
  socket.on("end", () => socket.end());
  const closed = once(socket, "close").catch(() => undefined);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  await closed;
  clearTimeout(timer);
  clearInterval(asking);
  return { text: text(), statuses: statusesIn(text()), end };
}
