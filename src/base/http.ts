import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import { KnownError, systemCode } from "./errors.ts";
import { pairs, valuesOf, type RawHeaders } from "./headers.ts";
import { networkFault } from "./network-fault.ts";
import { certificatesOf } from "./pem.ts";
import { dialProxy, dialTcp, dialThrough, proxyAuthorization, type ProxyTrust } from "./proxy-dial.ts";
import { environmentProxy, type ForwardProxy } from "./proxy-rule.ts";
import { systemRoots } from "./roots.ts";
import type { System } from "./system.ts";
import type { TlsMemory } from "./tls.ts";
import { MiB, millis, type Bytes, type Millis } from "./units.ts";
import { userAgent } from "./version.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  /** Added to Host, User-Agent, Content-Length and Connection. */
  readonly headers: RawHeaders;
  readonly body?: string;
  /** PEM; only these authorities count. Default: those that the system trusts. */
  readonly ca?: string;
  /** PEM; these authorities count beside those that the system trusts. Left out where `ca` is given. */
  readonly moreCa?: string;
  /** What to do where the server's authority is none of those. */
  readonly trustHint?: string;
  /** False: any certificate will do. Default true. */
  readonly verify?: boolean;
  /** For the whole exchange. Default 30 s. */
  readonly timeout?: Millis;
  /** Of the answer's body. Default 1 MiB. */
  readonly limit?: Bytes;
  readonly signal?: AbortSignal;
  /** Connections that are kept between requests; https only. Default: one connection for this request. */
  readonly pool?: HttpPool;
}

/** Any answer: what a status means is for the caller to say. A redirect is never followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: string;
}

const TIMEOUT = millis(30_000);
const LIMIT = MiB(1);

/**
 * One request to a server that is no API server (an identity provider, a cloud), through the proxy that the
 * environment names, over TLS 1.2 or newer where the URL says https.
 * @throws {KnownError} DNS_FAILED, CONNECTION_REFUSED, CONNECTION_TIMEOUT, CONNECTION_LOST, TLS_UNTRUSTED, TLS_FAILED,
 *   ANSWER_TOO_LARGE, PROXY_URL_INVALID, PROXY_UNREACHABLE, PROXY_AUTH, PROXY_REFUSED
 * @throws the signal's reason
 */
export async function sendHttp(request: HttpRequest, system: System): Promise<HttpAnswer> {
  const { url } = request;
  const server = url.origin;
  const stop = new AbortController();
  const late = setTimeout(
    () =>
      stop.abort(
        new KnownError("CONNECTION_TIMEOUT", `Cannot get an answer of ${server}: none came in time`),
      ),
    request.timeout ?? TIMEOUT,
  );
  const aborted = (): void => stop.abort(request.signal?.reason);
  request.signal?.addEventListener("abort", aborted, { once: true });
  try {
    if (request.signal?.aborted === true) aborted();
    stop.signal.throwIfAborted();
    const message = await exchangeFresh(request, system, stop.signal);
    return {
      status: message.statusCode ?? 0,
      headers: pairs(message.rawHeaders),
      body: await readBody(message, server, request.limit ?? LIMIT),
    };
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw networkFault(error, {
      server,
      ...(request.ca === undefined ? {} : { trust: "one of the authorities that were named for it" }),
      ...(request.trustHint === undefined ? {} : { trustHint: request.trustHint }),
    });
  } finally {
    clearTimeout(late);
    request.signal?.removeEventListener("abort", aborted);
  }
}

/** See `createHttpPool`. */
export interface HttpPool extends Disposable {
  readonly agent: Agent;
}

/** What connections share, so that each but the first is made sooner. */
export interface KeptTls {
  /** Of all servers: a hundred authorities take a megabyte and some milliseconds, and whom to ask a stranger may say. */
  readonly trust: { context?: Promise<SecureContext> | undefined };
  /** Of one server. */
  readonly memory: TlsMemory;
}

export interface Way {
  readonly stream: Duplex;
  /** The target of the request line. */
  readonly target: string;
  readonly headers: RawHeaders;
}

/** @throws Node's own errors, for `networkFault`; KnownErrors about proxies; the signal's reason */
export const openWay = async (
  request: HttpRequest,
  system: System,
  signal: AbortSignal,
  kept?: KeptTls,
): Promise<Way> => {
  const { url } = request;
  const limits = { signal, timeout: request.timeout ?? TIMEOUT };
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "https:";
  const address = { host, port: url.port === "" ? (secure ? 443 : 80) : Number(url.port) };
  const path = `${url.pathname}${url.search}`;
  const proxy: ForwardProxy | undefined = environmentProxy(url, system.env);
  let roots: Promise<readonly string[] | undefined> | undefined;
  const trust = async (): Promise<ProxyTrust> => ({
    ca: await (roots ??= systemRoots(system)),
    verify: true,
  });
  if (!secure && proxy !== undefined && proxy.scheme !== "socks5")
    // RFC 9112 §3.2.2: plain http goes to the proxy itself, with the whole URL.
    return {
      stream: await dialProxy(proxy, { ...limits, trust }),
      target: `http://${url.host}${path}`,
      headers: proxyAuthorization(proxy),
    };
  const through = proxy === undefined ? undefined : await dialThrough(proxy, address, { ...limits, trust });
  if (!secure) return { stream: through ?? (await dialTcp(address, limits)), target: path, headers: [] };
  const { startTls, secureContext } = await import("./tls.ts");
  const under = through === undefined ? address : { host, stream: through };
  const verify = request.verify ?? true;
  const authorities = async (): Promise<readonly string[] | undefined> =>
    verify ? await authoritiesFor(request, async () => (await trust()).ca) : undefined;
  if (kept !== undefined) {
    const context = await (kept.trust.context ??= authorities().then(
      (ca) => secureContext({ ca }),
      (error: unknown) => {
        // The next one may be able to read them.
        delete kept.trust.context;
        throw error;
      },
    ));
    const wishes = { ca: undefined, verify, context, memory: kept.memory };
    return { stream: await startTls(under, wishes, limits), target: path, headers: [] };
  }
  const ca = await authorities();
  return { stream: await startTls(under, { ca, verify }, limits), target: path, headers: [] };
};

/** The runtime's own list is named where others are to stand beside it. */
const authoritiesFor = async (
  { ca, moreCa }: HttpRequest,
  system: () => Promise<readonly string[] | undefined>,
): Promise<readonly string[] | undefined> => {
  if (ca !== undefined) return certificatesOf(ca);
  const trusted = await system();
  return moreCa === undefined
    ? trusted
    : [...(trusted ?? (await import("./tls.ts")).runtimeRoots()), ...certificatesOf(moreCa)];
};

/** Of connections that were kept, one after the other may be dead when it is used again. */
const STALE_TRIES = 5;

const exchangeFresh = async (
  request: HttpRequest,
  system: System,
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  for (let left = STALE_TRIES; ; left--) {
    const message = await exchange(request, system, signal);
    if (message !== STALE) return message;
    if (left === 0 || request.method !== "GET")
      throw Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
  }
};

/** The server had closed a connection that was kept, as it may: it has seen nothing of the request. */
const STALE = "stale";

const exchange = async (
  request: HttpRequest,
  system: System,
  signal: AbortSignal,
): Promise<IncomingMessage | typeof STALE> => {
  const { url, body, method, pool } = request;
  const way =
    pool === undefined
      ? await openWay(request, system, signal)
      : { target: `${url.pathname}${url.search}`, headers: [] };
  const named = valuesOf(request.headers, "user-agent").length > 0;
  const headers: RawHeaders = [
    ["Host", url.host],
    ...(named ? [] : ([["User-Agent", userAgent(system)]] as const)),
    ...(body === undefined && method === "GET"
      ? []
      : ([["Content-Length", String(Buffer.byteLength(body ?? ""))]] as const)),
    ...way.headers,
    ...request.headers,
  ];
  return await new Promise((resolve, reject) => {
    const sent = httpRequest({
      host: url.hostname,
      // The agent tells its connections apart by it.
      port: url.port === "" ? 443 : url.port,
      method,
      path: way.target,
      headers: headers.flat(),
      agent: "stream" in way ? agentFor(way.stream) : pool?.agent,
      signal,
    });
    sent.once("response", resolve);
    sent.once("upgrade", (_message, socket) => {
      socket.destroy();
      reject(new Error("it switched protocols unasked"));
    });
    sent.on("error", (error) => {
      if (sent.reusedSocket && systemCode(error) === "ECONNRESET" && !signal.aborted) resolve(STALE);
      else reject(error);
    });
    sent.end(body);
  });
};

/** An agent with one connection, which is open already. */
const agentFor = (stream: Duplex): Agent =>
  Object.assign(new Agent({ keepAlive: false }), {
    createConnection: (_options: unknown, ready: (error: null, stream: Duplex) => void): void => {
      ready(null, stream);
    },
  });

const readBody = async (message: IncomingMessage, server: string, limit: Bytes): Promise<string> => {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > limit)
      throw new KnownError("ANSWER_TOO_LARGE", `An answer of ${server} is larger than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
};
