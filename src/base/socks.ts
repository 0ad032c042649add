import type { Duplex } from "node:stream";
import { KnownError } from "./errors.ts";
import { addressBytes } from "./ip.ts";
import { readMessage, type OpenLimits } from "./opening.ts";
import { proxyName, type ForwardProxy } from "./proxy-rule.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const CONNECT = 1;
const IPV4 = 1;
const DOMAIN = 3;
const IPV6 = 4;
/** Head, a length byte, 255 bytes of name, a port. */
const REPLY_LIMIT = 262;

/** RFC 1928 §6. */
const REPLIES: Readonly<Record<number, string>> = {
  1: "general failure",
  2: "its rules do not allow this connection",
  3: "the network is unreachable",
  4: "the host is unreachable",
  5: "connection refused",
  6: "the time to live ran out",
  7: "it does not know the command",
  8: "it does not know this kind of address",
};

/**
 * Asks a SOCKS5 proxy for a connection (RFC 1928, with RFC 1929 for name and password). Names are looked up by the
 * proxy. @throws {KnownError} PROXY_AUTH, PROXY_REFUSED, PROXY_UNREACHABLE
 */
export const socksConnect = async (
  stream: Duplex,
  proxy: ForwardProxy,
  target: { readonly host: string; readonly port: number },
  limits: OpenLimits,
): Promise<void> => {
  const read = async (length: (held: Buffer) => number | undefined): Promise<Buffer> =>
    await readMessage(stream, length, { ...limits, limit: REPLY_LIMIT });
  const method = await negotiate(stream, proxy, read);
  if (method === USERNAME_PASSWORD) await authenticate(stream, proxy, read);
  stream.write(
    Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressOf(target.host), portBytes(target.port)]),
  );
  const reply = await read(replyLength);
  if (reply[0] !== VERSION || ((reply[1] ?? 1) === 0 && ![IPV4, DOMAIN, IPV6].includes(reply[3] ?? 0)))
    throw strange(proxy);
  const code = reply[1] ?? 1;
  if (code !== 0)
    throw new KnownError(
      "PROXY_REFUSED",
      `Cannot reach ${target.host}:${target.port} through the proxy ${proxyName(proxy)}: ${REPLIES[code] ?? `it answered ${code}`}`,
      { hint: `Check the server's address and the rules of the proxy (${proxy.from})` },
    );
};

type Read = (length: (held: Buffer) => number | undefined) => Promise<Buffer>;

const negotiate = async (stream: Duplex, proxy: ForwardProxy, read: Read): Promise<number> => {
  const methods =
    proxy.credentials === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD];
  stream.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method = 0xff] = await read((held) =>
    held[0] !== undefined && held[0] !== VERSION ? held.length : 2,
  );
  if (version !== VERSION) throw strange(proxy);
  if (!methods.includes(method))
    throw new KnownError(
      "PROXY_AUTH",
      `The proxy ${proxyName(proxy)} wants to know who you are, in a way that ${proxy.from} does not provide for`,
    );
  return method;
};

const authenticate = async (stream: Duplex, proxy: ForwardProxy, read: Read): Promise<void> => {
  const name = Buffer.from(proxy.credentials?.username ?? "", "utf8");
  const password = Buffer.from(proxy.credentials?.password.reveal() ?? "", "utf8");
  if (name.length === 0 || name.length > 255 || password.length > 255)
    throw new KnownError(
      "PROXY_URL_INVALID",
      `Cannot sign in to the proxy ${proxyName(proxy)}: SOCKS5 takes a user name of 1 to 255 bytes and a password of at most 255`,
    );
  stream.write(
    Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]),
  );
  const [, status] = await read(() => 2);
  if (status !== 0)
    throw new KnownError(
      "PROXY_AUTH",
      `The proxy ${proxyName(proxy)} does not accept the user name or password of ${proxy.from}`,
    );
};

const addressOf = (host: string): Buffer => {
  const bytes = addressBytes(host);
  if (bytes !== undefined) return Buffer.concat([Buffer.from([bytes.length === 4 ? IPV4 : IPV6]), bytes]);
  const name = Buffer.from(host, "utf8");
  if (name.length > 255)
    throw new KnownError(
      "DNS_FAILED",
      `Cannot find the address of ${host.slice(0, 60)}…: the name is too long`,
    );
  return Buffer.concat([Buffer.from([DOMAIN, name.length]), name]);
};

const portBytes = (port: number): Buffer => Buffer.from([port >> 8, port & 0xff]);

/** VER REP RSV ATYP BND.ADDR BND.PORT. After a refusal some proxies end at once. */
const replyLength = (held: Buffer): number | undefined => {
  if (held.length >= 2 && (held[0] !== VERSION || held[1] !== 0)) return held.length;
  if (held.length < 4) return undefined;
  const kind = held[3] ?? 0;
  if (kind === DOMAIN) return held.length < 5 ? undefined : 5 + (held[4] ?? 0) + 2;
  const address = { [IPV4]: 4, [IPV6]: 16 }[kind];
  // What follows cannot be told from the server's first bytes.
  return address === undefined ? held.length : 4 + address + 2;
};

const strange = (proxy: ForwardProxy): KnownError =>
  new KnownError(
    "PROXY_UNREACHABLE",
    `What answers at ${proxyName(proxy)} is no SOCKS5 proxy (${proxy.from})`,
  );
