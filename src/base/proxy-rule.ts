import { domainToASCII } from "node:url";
import { KnownError } from "./errors.ts";
import { canonicalBytes } from "./ip.ts";
import { Secret } from "./secret.ts";

/** A proxy on the way out of this machine (not kauth's own, which serves the browser). */
export interface ForwardProxy {
  readonly scheme: "http" | "https" | "socks5";
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly username: string; readonly password: Secret } | undefined;
  /** For messages: where it was named. */
  readonly from: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PORTS = { http: 80, https: 443, socks5: 1080 } as const;
type Scheme = keyof typeof PORTS;

/** `http://proxy:3128`, without user name and password. */
export const proxyName = (proxy: ForwardProxy): string =>
  `${proxy.scheme}://${proxy.host.includes(":") ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;

/** Hides what stands between user name and host. */
export const withoutPassword = (url: string): string => {
  const scheme = url.indexOf("://");
  const start = scheme === -1 ? 0 : scheme + 3;
  const at = url.lastIndexOf("@");
  const colon = url.indexOf(":", start);
  return colon === -1 || colon > at ? url : `${url.slice(0, colon)}:xxxxx${url.slice(at)}`;
};

/** The parts of an URL as Go's parser takes them: it keeps what WHATWG's would correct. */
interface Split {
  readonly scheme: string;
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly port: string;
}

const HOST = /^(\[[0-9a-f:.%a-z]+\]|[^\s:[\]<>"%\\^`{|}]*)(?::(\d*))?$/i;
const USERINFO = /^(?:[\w\-.~!$&'()*+,;=:@]|%[0-9a-f]{2})*$/i;

/** Undefined where Go's parser gives up. */
const split = (text: string): Split | undefined => {
  const [, scheme, rest = ""] = /^(?:([a-z][a-z0-9+.-]*):)?(.*)$/is.exec(text) ?? [];
  if (/[\u0000-\u001f\u007f]/.test(text) || text.startsWith(":")) return undefined;
  const parts = { scheme: scheme?.toLowerCase() ?? "", userinfo: undefined, host: "", port: "" };
  if (!rest.startsWith("//")) {
    const [first = ""] = rest.split(/[/?#]/);
    return scheme === undefined && first.includes(":") ? undefined : parts;
  }
  const [, authority = "", path = ""] = /^\/\/([^/?#]*)([^?#]*)/.exec(rest) ?? [];
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  const at = authority.lastIndexOf("@");
  const userinfo = at === -1 ? undefined : authority.slice(0, at);
  const place = HOST.exec(authority.slice(at + 1));
  if (place === null || (userinfo !== undefined && !USERINFO.test(userinfo))) return undefined;
  return { ...parts, userinfo, host: place[1] ?? "", port: place[2] ?? "" };
};

const isScheme = (scheme: string): scheme is Scheme => Object.hasOwn(PORTS, scheme);

const proxyOf = (parts: Split, scheme: Scheme, from: string): ForwardProxy | undefined => {
  const port = parts.port === "" ? PORTS[scheme] : Number(parts.port);
  if (parts.host === "" || port > 65_535) return undefined;
  return {
    scheme,
    host: parts.host.replace(/^\[|\]$/g, ""),
    port,
    credentials: parts.userinfo === undefined ? undefined : credentialsOf(parts.userinfo),
    from,
  };
};

const credentialsOf = (userinfo: string): ForwardProxy["credentials"] => {
  const colon = userinfo.indexOf(":");
  const [username, password] =
    colon === -1 ? [userinfo, ""] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  return { username: unescaped(username), password: new Secret(unescaped(password)) };
};

/** Escapes that are no UTF-8 stay as they are. */
const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What is wrong with a kubeconfig's `proxy-url`, in client-go's words (credentials.md §1.7); undefined when nothing is. */
export const proxyUrlFault = (text: string): string | undefined => {
  const parts = split(text);
  if (parts === undefined) return `could not parse: ${withoutPassword(text)}`;
  if (!isScheme(parts.scheme))
    return `unsupported scheme ${JSON.stringify(parts.scheme)}, must be http, https, or socks5`;
  return undefined;
};

/**
 * The proxy that a kubeconfig's `proxy-url` names; NO_PROXY has no say in it (credentials.md §4.6).
 * @throws {KnownError} PROXY_URL_INVALID
 */
export const kubeconfigProxy = (text: string): ForwardProxy => {
  const fault = proxyUrlFault(text);
  const parts = split(text);
  const from = "proxy-url of the kubeconfig";
  const proxy =
    fault === undefined && parts !== undefined && isScheme(parts.scheme)
      ? proxyOf(parts, parts.scheme, from)
      : undefined;
  if (proxy !== undefined) return proxy;
  throw new KnownError(
    "PROXY_URL_INVALID",
    `Cannot use the proxy "${withoutPassword(text)}" (${from}): ${fault ?? "it has no host, or a port that is none"}`,
  );
};

/** The first of some variables that says something; empty counts as unset. */
const firstOf = (
  env: Environment,
  names: readonly string[],
): readonly [name: string, value: string] | undefined => {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== "") return [name, value];
  }
  return undefined;
};

/**
 * The proxy that the environment names for a target, by Go's rules (credentials.md §4.6): the upper-case name first,
 * no ALL_PROXY, never for loopback, NO_PROXY heeded. Undefined: go there directly.
 * @throws {KnownError} PROXY_URL_INVALID, and for plain http where REQUEST_METHOD says that this is a CGI program
 */
export const environmentProxy = (target: URL, env: Environment): ForwardProxy | undefined => {
  const secure = target.protocol === "https:";
  const found = firstOf(env, secure ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"]);
  if (found === undefined) return undefined;
  const [variable, value] = found;
  if (!secure && (env["REQUEST_METHOD"] ?? "") !== "")
    // A CGI program's HTTP_PROXY is whatever its client put into a header called Proxy.
    throw new KnownError(
      "PROXY_URL_INVALID",
      "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy",
      { hint: "REQUEST_METHOD is set, as in a CGI program: unset it or HTTP_PROXY" },
    );
  const host = target.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = target.port === "" ? (secure ? "443" : "80") : target.port;
  if (isLoopback(host)) return undefined;
  const exempt = firstOf(env, ["NO_PROXY", "no_proxy"])?.[1] ?? "";
  if (exempt.split(",").some((entry) => isExempt(entry.trim().toLowerCase(), host, port))) return undefined;
  return environmentUrl(value, variable);
};

const environmentUrl = (value: string, variable: string): ForwardProxy => {
  const asIs = split(value);
  const parts =
    !value.includes("://") && (asIs === undefined || asIs.scheme === "" || asIs.host === "")
      ? split(`http://${value}`)
      : asIs;
  // Go's HTTP client takes socks5h for socks5: both leave names to the proxy.
  const scheme = parts?.scheme === "socks5h" ? "socks5" : parts?.scheme;
  const proxy =
    parts !== undefined && scheme !== undefined && isScheme(scheme)
      ? proxyOf(parts, scheme, variable)
      : undefined;
  if (proxy !== undefined) return proxy;
  throw new KnownError(
    "PROXY_URL_INVALID",
    `Cannot use the proxy "${withoutPassword(value)}" (${variable}): it must be http, https or socks5 with a host`,
  );
};

const isLoopback = (host: string): boolean => {
  if (host === "localhost") return true;
  const bytes = canonicalBytes(host);
  if (bytes === undefined) return false;
  return bytes.length === 4
    ? bytes[0] === 127
    : bytes.equals(Buffer.from([...Array(15).fill(0), 1] as number[]));
};

/** One entry of NO_PROXY: everything, a network, an address or a domain, the last two with or without a port. */
const isExempt = (entry: string, host: string, port: string): boolean => {
  if (entry === "*") return true;
  const bytes = canonicalBytes(host);
  const network = /^([^/]+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return bytes !== undefined && isWithin(bytes, network[1] ?? "", Number(network[2]));
  const [name, wantedPort] = hostAndPort(entry);
  if (name === "" || (wantedPort !== "" && wantedPort !== port)) return false;
  const address = canonicalBytes(name);
  if (address !== undefined || bytes !== undefined)
    return address !== undefined && bytes !== undefined && address.equals(bytes);
  const domain = asciiDomain(name.startsWith("*.") ? name.slice(1) : name);
  // A leading dot means only what lies below.
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
};

/** A URL's host is in Punycode. */
const asciiDomain = (name: string): string =>
  /^[\u0000-\u007f]*$/.test(name)
    ? name
    : name.startsWith(".")
      ? `.${domainToASCII(name.slice(1))}`
      : domainToASCII(name);

/** `host:port`, `[v6]:port`, or the whole as a name where it is neither. */
const hostAndPort = (entry: string): readonly [host: string, port: string] => {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(entry) ?? [];
  return port === undefined ? [entry, ""] : [bracketed ?? plain ?? "", port];
};

/** Kubernetes also takes IPv4 numbers with leading zeros, as decimals. */
const isWithin = (bytes: Buffer, network: string, prefix: number): boolean => {
  const six = network.includes(":");
  const base = canonicalBytes(six ? network : network.replaceAll(/(^|\.)0+(?=\d)/g, "$1"));
  // Of an IPv4 network that is written as IPv6, the first 96 bits are the same for all.
  const bits = six && base?.length === 4 ? prefix - 96 : prefix;
  if (base?.length !== bytes.length || bits < 0 || bits > bytes.length * 8) return false;
  const whole = bits >> 3;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  return (
    base.subarray(0, whole).equals(bytes.subarray(0, whole)) &&
    (mask === 0 || ((base[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask))
  );
};
