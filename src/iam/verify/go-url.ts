import { quote } from "./quote.ts";

/** The parts of an URL as Go's parser has them. It keeps what WHATWG's would correct, which is why it is not used here. */
export interface UrlParts {
  /** In lower case. */
  readonly scheme: string;
  /** With the port, as it stands there, without the part before `@`. */
  readonly host: string;
  /** Unescaped. */
  readonly path: string;
  /** As it stands there. */
  readonly query: string;
}

/** Thrown inside only. */
class UrlFault extends Error {}

/** A text is what Go says. */
export const parseUrl = (text: string): UrlParts | string => {
  try {
    return parts(text.split("#", 1)[0] ?? "");
  } catch (error) {
    if (!(error instanceof UrlFault)) throw error;
    // What may be a signature is not repeated.
    return `parse ${quote(text.split(/[?&#]/, 1)[0] ?? "")}: ${error.message}`;
  }
};

const parts = (text: string): UrlParts => {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlFault("net/url: invalid control character in URL");
  if (text.startsWith(":")) throw new UrlFault("missing protocol scheme");
  const named = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  const scheme = named?.[1]?.toLowerCase() ?? "";
  const behind = named === null ? text : text.slice(named[0].length);
  const mark = behind.indexOf("?");
  const rest = mark === -1 ? behind : behind.slice(0, mark);
  const query = mark === -1 ? "" : behind.slice(mark + 1);
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { scheme, host: "", path: "", query };
    if ((rest.split("/", 1)[0] ?? "").includes(":"))
      throw new UrlFault("first path segment in URL cannot contain colon");
  }
  if (!rest.startsWith("//") || (scheme === "" && rest.startsWith("///")))
    return { scheme, host: "", path: unescapePath(rest), query };
  const slash = rest.indexOf("/", 2);
  const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
  const host = hostOf(authority);
  return { scheme, host, path: slash === -1 ? "" : unescapePath(rest.slice(slash)), query };
};

const hostOf = (authority: string): string => {
  const at = authority.lastIndexOf("@");
  if (at !== -1 && !/^[\w\-.~!$&'()*+,;=:%@]*$/.test(authority.slice(0, at)))
    throw new UrlFault("net/url: invalid userinfo");
  const host = authority.slice(at + 1);
  const port = /:([^:]*)$/.exec(host.replace(/^\[.*\]/, ""));
  if (port !== null && !/^\d*$/.test(port[1] ?? ""))
    throw new UrlFault(`invalid port ${quote(port[0])} after host`);
  const odd = /[ "<>\\^`{|}]/.exec(host);
  if (odd !== null) throw new UrlFault(`invalid character ${quote(odd[0])} in host name`);
  const escape = /%.{0,2}/.exec(host);
  if (escape !== null) throw new UrlFault(`invalid URL escape ${quote(escape[0])}`);
  return host;
};

const unescapePath = (path: string): string => {
  const text = unescape(path);
  if (text === undefined)
    throw new UrlFault(`invalid URL escape ${quote(/%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path)?.[0] ?? "%")}`);
  return text;
};

/** Undefined where a `%` is no escape. */
const unescape = (text: string): string | undefined =>
  /%(?![0-9A-Fa-f]{2})/.test(text)
    ? undefined
    : text.replace(/%(..)/g, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** The parameters in their order, each unescaped once; undefined where Go finds one malformed. */
export const parseQuery = (query: string): readonly Parameter[] | undefined => {
  const found: Parameter[] = [];
  for (const piece of query.split("&")) {
    if (piece === "") continue;
    if (piece.includes(";")) return undefined;
    const equals = piece.indexOf("=");
    const name = unescape((equals === -1 ? piece : piece.slice(0, equals)).replaceAll("+", " "));
    const value = unescape((equals === -1 ? "" : piece.slice(equals + 1)).replaceAll("+", " "));
    if (name === undefined || value === undefined) return undefined;
    found.push({ name, value });
  }
  return found;
};
