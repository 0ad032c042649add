import type { Duplex } from "node:stream";
import { connect } from "node:net";
import { KnownError } from "./errors.ts";
import type { RawHeaders } from "./headers.ts";
import { networkFault } from "./network-fault.ts";
import { readMessage, untilOpen, type OpenLimits } from "./opening.ts";
import { proxyName, type ForwardProxy } from "./proxy-rule.ts";
import { socksConnect } from "./socks.ts";
import { escapeLine } from "./terminal.ts";

export interface Address {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Whose certificates an HTTPS proxy may show. */
export interface ProxyTrust {
  readonly ca: readonly string[] | undefined;
  readonly verify: boolean;
}

export interface ProxyDial extends OpenLimits {
  readonly trust: () => Promise<ProxyTrust>;
}

/** Some proxies add a page of headers to their answer. */
const HEAD_LIMIT = 64 * 1024;
/** client-go's (credentials.md §4.7). */
const KEEP_ALIVE = 30_000;

/** A TCP connection. @throws Node's own errors */
export const dialTcp = async (address: Address, limits: OpenLimits): Promise<Duplex> =>
  await untilOpen(
    connect({ ...address, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE }),
    "connect",
    limits,
  );

/** A connection to the proxy itself. @throws {KnownError} PROXY_UNREACHABLE */
export const dialProxy = async (proxy: ForwardProxy, dial: ProxyDial): Promise<Duplex> => {
  try {
    if (proxy.scheme !== "https") return await dialTcp(proxy, dial);
    const { startTls } = await import("./tls.ts");
    return await startTls({ host: proxy.host, port: proxy.port }, await dial.trust(), dial);
  } catch (error) {
    if (dial.signal.aborted) throw dial.signal.reason;
    const fault = networkFault(error, { server: `the proxy ${proxyName(proxy)}` });
    throw new KnownError("PROXY_UNREACHABLE", fault.message, {
      cause: error,
      hint: `${fault.code === "TLS_UNTRUSTED" ? fault.hint : "Check the network"}; ${proxy.from} names this proxy`,
    });
  }
};

/** What an HTTP proxy is told about who asks. Only ever for the proxy. */
export const proxyAuthorization = (proxy: ForwardProxy): RawHeaders => {
  const { credentials } = proxy;
  if (credentials === undefined) return [];
  const pair = Buffer.from(`${credentials.username}:${credentials.password.reveal()}`, "utf8");
  return [["Proxy-Authorization", `Basic ${pair.toString("base64")}`]];
};

/**
 * A connection to `target` through a proxy. Names are left to the proxy.
 * @throws {KnownError} PROXY_UNREACHABLE, PROXY_AUTH, PROXY_REFUSED; the signal's reason
 */
export const dialThrough = async (proxy: ForwardProxy, target: Address, dial: ProxyDial): Promise<Duplex> => {
  const stream = await dialProxy(proxy, dial);
  try {
    if (proxy.scheme === "socks5") await socksConnect(stream, proxy, target, dial);
    else await httpConnect(stream, proxy, target, dial);
    return stream;
  } catch (error) {
    stream.on("error", () => undefined);
    stream.destroy();
    if (dial.signal.aborted) throw dial.signal.reason;
    if (error instanceof KnownError) throw error;
    const fault = networkFault(error, { server: `the proxy ${proxyName(proxy)}` });
    throw new KnownError("PROXY_UNREACHABLE", fault.message, {
      cause: error,
      hint: `Check that ${proxy.from} names an ${proxy.scheme === "socks5" ? "SOCKS5" : "HTTP"} proxy that works`,
    });
  }
};

const headEnd = (held: Buffer): number | undefined => {
  // Some end lines with a line feed only; Go reads them so.
  const match = /\r?\n\r?\n/.exec(held.toString("latin1"));
  return match === null ? undefined : match.index + match[0].length;
};

const httpConnect = async (
  stream: Duplex,
  proxy: ForwardProxy,
  target: Address,
  limits: OpenLimits,
): Promise<void> => {
  const authority = `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...proxyAuthorization(proxy).map(([name, value]) => `${name}: ${value}`),
  ];
  stream.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = (await readMessage(stream, headEnd, { ...limits, limit: HEAD_LIMIT })).toString("latin1");
  const [, status, reason = ""] = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r?\n/.exec(head) ?? [];
  if (status === undefined)
    throw new KnownError(
      "PROXY_UNREACHABLE",
      `What answers at ${proxyName(proxy)} is no HTTP proxy (${proxy.from})`,
    );
  if (!status.startsWith("2"))
    throw refusal(proxy, authority, Number(status), escapeLine(reason.slice(0, 200)));
};

const refusal = (proxy: ForwardProxy, authority: string, status: number, reason: string): KnownError => {
  const name = proxyName(proxy);
  const said = reason === "" ? String(status) : `${status} ${reason}`;
  if (status === 407)
    return new KnownError(
      "PROXY_AUTH",
      proxy.credentials === undefined
        ? `The proxy ${name} wants a user name and a password (${said}), and ${proxy.from} has none`
        : `The proxy ${name} does not accept the user name or password of ${proxy.from} (${said})`,
    );
  const hints: Readonly<Record<number, string>> = {
    403: `Ask whoever runs the proxy to allow ${authority}, or go around it: NO_PROXY`,
    405: `${proxy.from} may name a web server and not a proxy`,
    502: "Check the server's name and address: the proxy cannot reach it",
    503: "Check the server's name and address: the proxy cannot reach it",
    504: "Check the server's name and address: the proxy cannot reach it",
  };
  const hint = hints[status];
  return new KnownError(
    "PROXY_REFUSED",
    `Cannot reach ${authority} through the proxy ${name} (${proxy.from}): it answered ${said}`,
    hint === undefined ? {} : { hint },
  );
};
