import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import { dialProxy, dialTcp, dialThrough, type ProxyTrust } from "../base/proxy-dial.ts";
import { secureContext, startTls } from "../base/tls.ts";
import { millis } from "../base/units.ts";
import type { Authorities } from "./authorities.ts";
import type { CheckedCertificate } from "../credentials/index.ts";
import { forwardingProxy, type Endpoint } from "./endpoint.ts";

/** client-go's limits (credentials.md §4.7): 30 s to connect, 10 s of them for TLS; we use one for both. */
export const CONNECT_TIMEOUT = millis(30_000);
const IDLE_SOCKETS = 25;
const IDLE_TIME = 90_000;
const KEEP_ALIVE = 30_000;

/** Connections of one identity: one certificate or none, and one list of authorities. */
export interface Pool {
  readonly certificate: CheckedCertificate | undefined;
  /** Gives connections that are kept and shared. */
  readonly shared: Agent;
  /** A connection that its user takes over. @throws Node's own errors, {KnownError} of proxies */
  dial(signal: AbortSignal): Promise<Duplex>;
  /** Gives one such connection. */
  own(signal: AbortSignal): Agent;
  /** Ends every connection, those in use too: they speak for an identity that is gone (credentials.md §2.3, §4.2). */
  close(): void;
  /** Ends every connection but those that were taken over. */
  release(): void;
  /** Ends what idles, and the rest when its answer is there. */
  retire(): void;
}

export interface PoolOptions {
  readonly endpoint: Endpoint;
  readonly authorities: Authorities;
  readonly certificate: CheckedCertificate | undefined;
  /** The authorities of the system. */
  readonly roots: () => Promise<Authorities>;
  /** The connections that their users took over, of earlier pools too. */
  readonly taken: Set<Duplex>;
}

/** A proxy may be of the company's own authority or of the web's; the client certificate is not for it. */
export const proxyTrust = async (
  { trust, verify }: Endpoint,
  authorities: Authorities,
  roots: () => Promise<Authorities>,
): Promise<ProxyTrust> => {
  const own = trust === "kubeconfig" ? (authorities ?? []) : [];
  const others = await roots();
  return { ca: own.length === 0 ? others : [...own, ...(others ?? [])], verify };
};

export function openPool(options: PoolOptions): Pool {
  const { endpoint, authorities, certificate, roots, taken } = options;
  const { host, port, proxy, secure, serverName, verify } = endpoint;
  const address = { host, port };
  const identity = { ca: authorities, certificate };
  const tls = secure
    ? { ...identity, verify, serverName, context: secureContext(identity), memory: {} }
    : undefined;
  const closed = new AbortController();

  const trust = async (): Promise<ProxyTrust> => await proxyTrust(endpoint, authorities, roots);

  const dial = async (signal: AbortSignal): Promise<Duplex> => {
    const limits = { signal, timeout: CONNECT_TIMEOUT };
    if (proxy === undefined)
      return tls === undefined ? await dialTcp(address, limits) : await startTls(address, tls, limits);
    const stream = await dialThrough(proxy, address, { ...limits, trust });
    return tls === undefined ? stream : await startTls({ host, stream }, tls, limits);
  };

  const dialOwn = async (signal: AbortSignal): Promise<Duplex> => {
    const stream = await dial(AbortSignal.any([signal, closed.signal]));
    taken.add(stream);
    stream.once("close", () => taken.delete(stream));
    return stream;
  };

  const forwarding = forwardingProxy(endpoint);
  const dialShared = async (): Promise<Duplex> =>
    forwarding === undefined
      ? await dial(closed.signal)
      : await dialProxy(forwarding, { signal: closed.signal, timeout: CONNECT_TIMEOUT, trust });

  const shared = agentOf(dialShared, {
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE,
    maxFreeSockets: IDLE_SOCKETS,
    timeout: IDLE_TIME,
    scheduling: "lifo",
  });
  const release = (): void => {
    closed.abort(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    shared.destroy();
  };
  return {
    certificate,
    shared,
    dial: dialOwn,
    own: (signal) => agentOf(async () => await dialOwn(signal), { keepAlive: false }),
    close: () => {
      release();
      for (const stream of taken) stream.destroy();
    },
    release,
    retire: () => {
      shared.maxFreeSockets = 0;
      for (const sockets of Object.values(shared.freeSockets))
        for (const socket of sockets ?? []) socket.destroy();
    },
  };
}

/** An agent that gets its connections from a function. */
const agentOf = (dial: () => Promise<Duplex>, options: ConstructorParameters<typeof Agent>[0]): Agent =>
  Object.assign(new Agent(options), {
    createConnection: (_options: unknown, ready: (error: Error | null, stream?: Duplex) => void): void => {
      dial().then(
        (stream) => ready(null, stream),
        (error: unknown) => ready(error instanceof Error ? error : new Error("the connection failed")),
      );
    },
  });
