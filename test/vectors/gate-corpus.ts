/**
 * Raw requests for the gate, as data, so that the same rows run against the sources and against the compiled
 * binary. Classes: security.md R-B, R-C and §5.2.
 */
export interface GateRow {
  readonly name: string;
  readonly bytes: Buffer;
  /**
   * The statuses that are right, one of them; 0 stands for a connection that is closed without an answer.
   * Undefined: any, but what is answered 200 and what was let through must be equally many.
   */
  readonly statuses: readonly number[] | undefined;
}

export interface GateTarget {
  /** `NAME.localhost:PORT` */
  readonly host: string;
  readonly port: number;
  /** `name=value` of a live session. */
  readonly cookie: string;
  readonly apiToken: string;
}

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** Header lines. Undefined values take a line away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Lines as they are, after the others. */
  readonly lines?: readonly string[];
  readonly body?: string;
}

const latin = (text: string): Buffer => Buffer.from(text, "latin1");

const requestsFor = (to: GateTarget): ((parts: Parts) => string) => {
  const good: Readonly<Record<string, string>> = {
    Host: to.host,
    Cookie: to.cookie,
    Origin: `http://${to.host}`,
    "Sec-Fetch-Site": "same-origin",
  };
  return (parts) => {
    const lines = Object.entries({ ...good, ...parts.headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`);
    const start = `${parts.method ?? "GET"} ${parts.target ?? "/probe"} ${parts.version ?? "HTTP/1.1"}`;
    return [start, ...lines, ...(parts.lines ?? []), "", parts.body ?? ""].join("\r\n");
  };
};

const BAD = [400] as const;
const FORBIDDEN = [403] as const;
/** The parser may be the first to see it, or the gate. */
const REFUSED = [400, 403, 405, 417, 431, 501, 505] as const;
const SIGNED_OUT = [401] as const;
const PASSED = [200] as const;

export const gateCorpus = (to: GateTarget): readonly GateRow[] => {
  const request = requestsFor(to);
  const row = (name: string, statuses: GateRow["statuses"], parts: Parts): GateRow => ({
    name,
    bytes: latin(request(parts)),
    statuses,
  });
  return [
    ...hostRows(to, row),
    ...startLineRows(to, row),
    ...headerRows(to, row),
    ...siteRows(to, row),
    ...sessionRows(to, row),
    ...upgradeRows(to, row),
    ...framingRows(to, row, request),
  ];
};

type Row = (name: string, statuses: GateRow["statuses"], parts: Parts) => GateRow;

const hostRows = ({ host, port }: GateTarget, row: Row): readonly GateRow[] => {
  const [name = ""] = host.split(":");
  const foreign: readonly string[] = [
    `evil.test:${port}`,
    name,
    `${name}:${port === 65_535 ? port - 1 : port + 1}`,
    `${name}.:${port}`,
    `x.${host}`,
    `127.0.0.1.nip.io:${port}`,
    `127.1:${port}`,
    `0x7f.1:${port}`,
    `2130706433:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `0.0.0.0:${port}`,
    `[::]:${port}`,
    `localhost:${port}@evil`,
    `evil@${host}`,
    `${host}/x`,
    `${host}:${port}`,
    `${name}:0${port}`,
    `${name}:+${port}`,
    `${name}: ${port}`,
    `${name}:`,
    `http://${host}`,
    `${host},${host}`,
    `${host} ${host}`,
    `${host}#`,
    `${host}?`,
    `${host}\\`,
    `.${host}`,
    `-${host}`,
    "[::1",
    "",
    `localhost%00.evil:${port}`,
    "[".repeat(8_192),
    "__proto__",
    "constructor",
    `${host}\u00a0`,
    `\u00e4${host}`,
  ];
  return [
    ...foreign.map((value) => row(`host: ${value.slice(0, 60)}`, [400, 403], { headers: { Host: value, Origin: undefined } })),
    row("host: missing", [400, 403], { headers: { Host: undefined } }),
    row("host: twice, equal", BAD, { lines: [`Host: ${host}`] }),
    row("host: twice, other second", BAD, { lines: ["Host: evil.test"] }),
    row("host: twice, other first", BAD, { headers: { Host: "evil.test" }, lines: [`host: ${host}`] }),
    row("host: in capitals is ours", PASSED, { headers: { Host: host.toUpperCase() } }),
    row("host: bare 127.0.0.1 serves no application", [404], { headers: { Host: `127.0.0.1:${port}`, Origin: undefined } }),
    row("host: bare localhost takes no POST", FORBIDDEN, {
      method: "POST",
      headers: { Host: `localhost:${port}`, Origin: undefined, "Content-Length": "0" },
    }),
  ];
};

const startLineRows = ({ host }: GateTarget, row: Row): readonly GateRow[] => [
  row("target: absolute form", BAD, { target: `http://${host}/probe` }),
  row("target: absolute form of another host", BAD, { target: "http://evil.test/probe" }),
  row("target: authority form", BAD, { target: host }),
  row("target: asterisk", BAD, { method: "OPTIONS", target: "*" }),
  row("target: GET *", BAD, { target: "*" }),
  row("target: two slashes", BAD, { target: "//evil.test/x" }),
  row("target: slash and backslash", BAD, { target: "/\\evil.test/x" }),
  row("target: fragment", BAD, { target: "/a#/../b" }),
  row("target: space", BAD, { target: "/a b" }),
  row("target: raw UTF-8", BAD, { target: "/\u00c3\u00a9" }),
  row("target: DEL", BAD, { target: "/a\u007f" }),
  row("target: control byte", BAD, { target: "/a\u0001" }),
  row("target: backslash at the start", BAD, { target: "\\a" }),
  row("target: no slash", BAD, { target: "a" }),
  row("target: printable ASCII passes", PASSED, { target: "/a\\b\"<>^`{|}~?q=\\d%zz;,'" }),
  row("method: CONNECT", [400, 405], { method: "CONNECT", target: host }),
  row("method: CONNECT with a path", [400, 405], { method: "CONNECT", target: "/x" }),
  row("method: TRACE", [405], { method: "TRACE" }),
  row("method: TRACK", [400, 405], { method: "TRACK" }),
  row("method: PROPFIND", [405], { method: "PROPFIND" }),
  row("method: unknown", [400, 405], { method: "FOO" }),
  row("method: lower case", [400, 405], { method: "get" }),
  row("method: h2 preface", [0, 400, 405], { method: "PRI", target: "*", version: "HTTP/2.0", body: "SM\r\n\r\n" }),
  row("method: M-SEARCH", [405], { method: "M-SEARCH" }),
  row("version: 1.0", [400, 505], { version: "HTTP/1.0" }),
  row("version: 1.0 without Host", [400, 505], { version: "HTTP/1.0", headers: { Host: undefined } }),
  row("version: 1.2", [400, 505], { version: "HTTP/1.2" }),
  row("version: 2.0", [400, 505], { version: "HTTP/2.0" }),
  row("version: lower case", [400, 505], { version: "http/1.1" }),
  { name: "version: 0.9", bytes: latin("GET /probe\r\n\r\n"), statuses: [400, 505] },
  { name: "start: TLS record", bytes: Buffer.from("16030100c8010000c40303", "hex"), statuses: [0, 400, 405] },
  { name: "start: garbage", bytes: Buffer.from("\u0000\u0001\u0002\r\n\r\n", "latin1"), statuses: [0, 400, 405] },
];

const headerRows = ({ host }: GateTarget, row: Row): readonly GateRow[] => {
  const twice = (name: string, value: string): GateRow =>
    row(`twice: ${name}`, BAD, { lines: [`${name}: ${value}`, `${name.toLowerCase()}: ${value}`] });
  const once: readonly (readonly [string, string])[] = [
    ["Authorization", "Bearer x"],
    ["Forwarded", "for=1"],
    ["X-Forwarded-For", "1.2.3.4"],
    ["X-Forwarded-Host", "evil"],
    ["Sec-Fetch-Mode", "cors"],
    ["Sec-Fetch-Dest", "empty"],
    ["Sec-CH-UA", "x"],
    ["X-Kauth-Token", "x"],
    ["Upgrade", "websocket"],
    ["Content-Length", "0"],
    ["Transfer-Encoding", "chunked"],
  ];
  const shielded: readonly string[] = [
    "Host",
    "authorization",
    "Cookie",
    "content-length",
    "origin",
    "x-forwarded-for",
    "X-Forwarded-Proto",
    "forwarded",
    "sec-fetch-site",
    "Sec-WebSocket-Key",
  ];
  const many = (count: number, last: readonly string[]): readonly string[] => [
    ...Array.from({ length: count }, (_, index) => `${String.fromCharCode(97 + (index % 26))}: 1`),
    ...last,
  ];
  return [
    ...once.map(([name, value]) => twice(name, value)),
    row("twice: Origin", BAD, { lines: [`Origin: http://${host}`] }),
    row("twice: Cookie", BAD, { lines: ["Cookie: a=b"] }),
    row("twice: Sec-Fetch-Site", BAD, { lines: ["Sec-Fetch-Site: none"] }),
    ...shielded.map((name) => row(`connection names ${name}`, BAD, { headers: { Connection: `close, ${name}` } })),
    row("connection names authorization in a second line", BAD, {
      headers: { Connection: "keep-alive" },
      lines: ["connection: x,Authorization"],
    }),
    row("connection names an ordinary header", PASSED, { headers: { Connection: "close, x-foo", "X-Foo": "1" } }),
    row("name with underscore: X_Forwarded_User", BAD, { headers: { X_Forwarded_User: "a" } }),
    row("name with underscore: Transfer_Encoding", BAD, { headers: { Transfer_Encoding: "chunked" } }),
    row("name with underscore: content_length", BAD, { headers: { content_length: "3" } }),
    row("count: 101 headers", [431], { lines: many(97, []) }),
    row("count: 100 headers pass", PASSED, { lines: many(96, []) }),
    row("count: 2,000 and then a foreign Origin", [400, 431], {
      headers: { Origin: undefined },
      lines: many(2_000, ["Origin: http://evil"]),
    }),
    row("count: 1,500 and then a good Origin", [400, 431], { lines: many(1_500, []) }),
    row("size: one header of 40 KiB", [431], { headers: { "X-Big": "b".repeat(40_960) } }),
    row("size: one header of 20 KiB passes", PASSED, { headers: { "X-Big": "b".repeat(20_480) } }),
    row("size: target of 40 KiB", [431], { target: `/${"a".repeat(40_960)}` }),
    row("syntax: space before the colon", BAD, { lines: ["X-A : 1"] }),
    row("syntax: tab before the colon", BAD, { lines: ["authorization\t: Bearer EVIL"] }),
    row("syntax: space before the first name", BAD, { headers: { " X-A": "1" } }),
    row("syntax: folded line", BAD, { lines: ["X-A: 1", " 2"] }),
    row("syntax: bare line feed", BAD, { lines: ["X-A: 1\nX-B: 2"] }),
    row("syntax: bare carriage return", BAD, { lines: ["X-A: 1\rX-B: 2"] }),
    row("syntax: NUL", BAD, { lines: ["X-A: 1\u00002"] }),
    row("syntax: non-ASCII name", BAD, { lines: ["X-\u00c4: 1"] }),
    row("syntax: empty name", BAD, { lines: [": 1"] }),
    row("syntax: no colon", BAD, { lines: ["X-A"] }),
    row("syntax: name __proto__", BAD, { lines: ["__proto__: 1"] }),
    row("expect: odd", [417], { method: "POST", headers: { Expect: "200-ok", "Content-Length": "0" } }),
    row("expect: list", [417], { method: "POST", headers: { Expect: "100-continue, x", "Content-Length": "0" } }),
    row("expect: twice", [400, 417], {
      method: "POST",
      headers: { Expect: "100-continue", "Content-Length": "0" },
      lines: ["Expect: 100-continue"],
    }),
    row("expect: with a foreign Host no 100", FORBIDDEN, {
      method: "POST",
      headers: { Host: "evil.test", Expect: "100-continue", "Content-Length": "3" },
    }),
    row("expect: without a session no 100", SIGNED_OUT, {
      method: "POST",
      headers: { Cookie: undefined, Expect: "100-continue", "Content-Length": "3" },
    }),
  ];
};

const siteRows = ({ host, port }: GateTarget, row: Row): readonly GateRow[] => {
  const [name = ""] = host.split(":");
  const kinds: readonly (readonly [string, string, string, string])[] = [
    ["no-cors GET", "GET", "no-cors", "empty"],
    ["cors GET", "GET", "cors", "empty"],
    ["no-cors POST", "POST", "no-cors", "empty"],
    ["image", "GET", "no-cors", "image"],
    ["script", "GET", "no-cors", "script"],
    ["frame", "GET", "navigate", "iframe"],
    ["form POST", "POST", "navigate", "document"],
    ["HEAD navigation", "HEAD", "navigate", "document"],
    ["navigation that is no document", "GET", "navigate", "object"],
    ["document that is no navigation", "GET", "no-cors", "document"],
  ];
  const strangers = ["same-site", "cross-site", "unknown", ""].flatMap((site) =>
    kinds.map(([what, method, mode, destination]) =>
      row(`fetch site ${site || "(empty)"}: ${what}`, FORBIDDEN, {
        method,
        headers: {
          Origin: undefined,
          "Sec-Fetch-Site": site,
          "Sec-Fetch-Mode": mode,
          "Sec-Fetch-Dest": destination,
          ...(method === "POST" ? { "Content-Length": "0" } : {}),
        },
      }),
    ),
  );
  const origins: readonly string[] = [
    `http://${name}:${port === 65_535 ? port - 1 : port + 1}`,
    "http://evil",
    "null",
    `HTTP://${host}`,
    `http://${host.toUpperCase()}`,
    `http://${name}`,
    `http://${host}/`,
    `https://${host}`,
    `http://${host}.evil.test`,
    `http://${host}, http://${host}`,
    "",
    `http://localhost:${port}`,
    `http://127.0.0.1:${port}`,
    "file://",
  ];
  return [
    ...strangers,
    ...origins.map((origin) => row(`origin: ${origin || "(empty)"}`, FORBIDDEN, { headers: { Origin: origin } })),
    ...origins.map((origin) =>
      row(`origin on POST: ${origin || "(empty)"}`, FORBIDDEN, {
        method: "POST",
        headers: { Origin: origin, "Sec-Fetch-Site": undefined, "Content-Length": "0" },
      }),
    ),
    row("cookie: GET without Origin and Sec-Fetch-Site", FORBIDDEN, {
      headers: { Origin: undefined, "Sec-Fetch-Site": undefined },
    }),
    row("cookie: POST without Origin and Sec-Fetch-Site", FORBIDDEN, {
      method: "POST",
      headers: { Origin: undefined, "Sec-Fetch-Site": undefined, "Content-Length": "0" },
    }),
    ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
      row(`cookie: ${method} without Origin`, FORBIDDEN, {
        method,
        headers: { Origin: undefined, "Content-Length": "0" },
      }),
    ),
    row("cookie: GET with Sec-Fetch-Site none", PASSED, { headers: { Origin: undefined, "Sec-Fetch-Site": "none" } }),
    row("cookie: GET with Origin alone", PASSED, { headers: { "Sec-Fetch-Site": undefined } }),
    row("cookie: DELETE with Origin", PASSED, { method: "DELETE" }),
    row("preflight: cross-origin", FORBIDDEN, {
      method: "OPTIONS",
      headers: { Origin: "http://evil", Cookie: undefined, "Access-Control-Request-Method": "PUT" },
    }),
    row("preflight: own origin, no session", FORBIDDEN, {
      method: "OPTIONS",
      headers: { Cookie: undefined, "Access-Control-Request-Method": "PUT" },
    }),
  ];
};

const sessionRows = ({ host, cookie, apiToken }: GateTarget, row: Row): readonly GateRow[] => {
  const [name = "", value = ""] = cookie.split("=");
  const bare = { Cookie: undefined, Origin: undefined, "Sec-Fetch-Site": undefined };
  return [
    row("session: none", SIGNED_OUT, { headers: { Cookie: undefined } }),
    row("session: empty", SIGNED_OUT, { headers: { Cookie: `${name}=` } }),
    row("session: short", SIGNED_OUT, { headers: { Cookie: `${name}=${value.slice(1)}` } }),
    row("session: long", SIGNED_OUT, { headers: { Cookie: `${name}=${value}a` } }),
    row("session: wrong", SIGNED_OUT, { headers: { Cookie: `${name}=${"A".repeat(value.length)}` } }),
    row("session: other name", SIGNED_OUT, { headers: { Cookie: `x${cookie}` } }),
    row("session: name in capitals", SIGNED_OUT, { headers: { Cookie: `${name.toUpperCase()}=${value}` } }),
    row("session: inside another value", SIGNED_OUT, { headers: { Cookie: `a=${cookie}` } }),
    row("session: in quotes", SIGNED_OUT, { headers: { Cookie: `${name}="${value}"` } }),
    row("session: twice, equal", FORBIDDEN, { headers: { Cookie: `${cookie}; ${cookie}` } }),
    row("session: twice, other first", FORBIDDEN, { headers: { Cookie: `${name}=x; ${cookie}` } }),
    row("session: twice, other second", FORBIDDEN, { headers: { Cookie: `${cookie};${name}=x` } }),
    row("session: among others", PASSED, { headers: { Cookie: `a=b; ${cookie}; c=d` } }),
    row("session: in the query", SIGNED_OUT, { target: `/probe?${cookie}`, headers: { Cookie: undefined } }),
    row("session: path that looks like health", SIGNED_OUT, {
      target: "/api?x=/__kauth/health",
      headers: { Cookie: undefined },
    }),
    row("session: path that climbs out", SIGNED_OUT, { target: "/__kauth/../api", headers: { Cookie: undefined } }),
    row("session: encoded prefix", SIGNED_OUT, { target: "/%5f_kauth/health", headers: { Cookie: undefined } }),
    row("session: health with a query", SIGNED_OUT, { target: "/__kauth/health?", headers: { Cookie: undefined } }),
    row("session: health in capitals", SIGNED_OUT, { target: "/__KAUTH/health", headers: { Cookie: undefined } }),
    row("session: X-Original-URL", SIGNED_OUT, {
      headers: { Cookie: undefined, "X-Original-URL": "/__kauth/health", "X-Rewrite-URL": "/__kauth/health" },
    }),
    row("session: probe user agent", SIGNED_OUT, { headers: { Cookie: undefined, "User-Agent": "kube-probe/1.30" } }),
    row("session: Authorization is none", SIGNED_OUT, { headers: { Cookie: undefined, Authorization: "Bearer x" } }),
    row("api token: in the header", PASSED, { headers: { ...bare, "X-Kauth-Token": apiToken } }),
    row("api token: POST needs no Origin", PASSED, {
      method: "POST",
      headers: { ...bare, "X-Kauth-Token": apiToken, "Content-Length": "0" },
    }),
    row("api token: a foreign Origin stays foreign", FORBIDDEN, {
      headers: { ...bare, "X-Kauth-Token": apiToken, Origin: "http://evil" },
    }),
    row("api token: another site stays another site", FORBIDDEN, {
      headers: { ...bare, "X-Kauth-Token": apiToken, "Sec-Fetch-Site": "same-site" },
    }),
    row("api token: wrong", SIGNED_OUT, { headers: { ...bare, "X-Kauth-Token": `${apiToken.slice(0, -1)}!` } }),
    row("api token: empty", SIGNED_OUT, { headers: { ...bare, "X-Kauth-Token": "" } }),
    row("api token: wrong one beats a good cookie", SIGNED_OUT, { headers: { "X-Kauth-Token": "x" } }),
    row("api token: in the query", SIGNED_OUT, { target: `/probe?X-Kauth-Token=${apiToken}`, headers: bare }),
    row("api token: as bearer", SIGNED_OUT, { headers: { ...bare, Authorization: `Bearer ${apiToken}` } }),
    row("reserved: unknown path with a session", [404], { target: "/__kauth/other" }),
    row("reserved: climbing path with a session", [404], { target: "/__kauth/../api" }),
    row("reserved: GET of the session path", [405], { target: "/__kauth/session" }),
    row("reserved: POST to health", [405], { method: "POST", target: "/__kauth/health", headers: { "Content-Length": "0" } }),
    row("launch: spending without Origin", FORBIDDEN, {
      method: "POST",
      target: "/__kauth/session",
      headers: { Origin: undefined, "Content-Length": "43" },
      body: "A".repeat(43),
    }),
    row("launch: spending from another origin", FORBIDDEN, {
      method: "POST",
      target: "/__kauth/session",
      headers: { Origin: "http://evil", "Content-Length": "43" },
      body: "A".repeat(43),
    }),
    row("launch: unknown token", FORBIDDEN, {
      method: "POST",
      target: "/__kauth/session",
      headers: { "Content-Length": "43" },
      body: "A".repeat(43),
    }),
    row("launch: no token", FORBIDDEN, { method: "POST", target: "/__kauth/session", headers: { "Content-Length": "0" } }),
    row("launch: long body", BAD, {
      method: "POST",
      target: "/__kauth/session",
      headers: { "Content-Length": "4096" },
      body: "A".repeat(4_096),
    }),
    row("launch: chunked body", BAD, {
      method: "POST",
      target: "/__kauth/session",
      headers: { "Transfer-Encoding": "chunked" },
      body: "0\r\n\r\n",
    }),
    row("launch: on a bare name", FORBIDDEN, {
      method: "POST",
      target: "/__kauth/session",
      headers: { Host: host.replace(/^[^:]+/, "localhost"), Origin: undefined, "Content-Length": "43" },
      body: "A".repeat(43),
    }),
  ];
};

const upgradeRows = ({ host, apiToken }: GateTarget, row: Row): readonly GateRow[] => {
  const socket = {
    "Sec-Fetch-Site": undefined,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const up = (name: string, statuses: readonly number[], over: Parts): GateRow =>
    row(`upgrade: ${name}`, statuses, { ...over, headers: { ...socket, ...over.headers } });
  return [
    up("no Origin", FORBIDDEN, { headers: { Origin: undefined } }),
    up("no Origin although Sec-Fetch-Site is fine", FORBIDDEN, {
      headers: { Origin: undefined, "Sec-Fetch-Site": "same-origin" },
    }),
    up("foreign Origin", FORBIDDEN, { headers: { Origin: "http://evil.test" } }),
    up("null Origin", FORBIDDEN, { headers: { Origin: "null" } }),
    up("other port's Origin", FORBIDDEN, { headers: { Origin: `http://${host}1` } }),
    up("same site", FORBIDDEN, { headers: { "Sec-Fetch-Site": "same-site" } }),
    up("navigation from elsewhere", FORBIDDEN, {
      headers: { Origin: undefined, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
    }),
    up("foreign Host", FORBIDDEN, { headers: { Host: "evil.test" } }),
    up("bare Host", FORBIDDEN, { headers: { Host: host.replace(/^[^:]+/, "127.0.0.1"), Origin: undefined } }),
    up("no session", SIGNED_OUT, { headers: { Cookie: undefined } }),
    up("wrong API token", SIGNED_OUT, { headers: { Cookie: undefined, Origin: undefined, "X-Kauth-Token": `${apiToken}x` } }),
    up("h2c", BAD, { headers: { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABk" } }),
    up("SPDY", BAD, { headers: { Upgrade: "SPDY/3.1" } }),
    up("two protocols", BAD, { headers: { Upgrade: "websocket, h2c" } }),
    up("POST with a body", BAD, { method: "POST", headers: { "Content-Length": "3" }, body: "abc" }),
    up("POST", BAD, { method: "POST" }),
    up("GET with a body", BAD, { headers: { "Content-Length": "3" }, body: "abc" }),
    up("GET with a chunked body", BAD, { headers: { "Transfer-Encoding": "chunked" }, body: "0\r\n\r\n" }),
    up("glued bytes", BAD, { body: "\u0081\u0080\u0000\u0000\u0000\u0000" }),
    up("glued request", BAD, { body: `GET /second HTTP/1.1\r\nHost: ${host}\r\n\r\n` }),
    up("version 8", BAD, { headers: { "Sec-WebSocket-Version": "8" } }),
    up("no version", BAD, { headers: { "Sec-WebSocket-Version": undefined } }),
    up("no key", BAD, { headers: { "Sec-WebSocket-Key": undefined } }),
    up("short key", BAD, { headers: { "Sec-WebSocket-Key": "dGhl" } }),
    up("key that is no base64", BAD, { headers: { "Sec-WebSocket-Key": "!GhlIHNhbXBsZSBub25jZQ==" } }),
    up("two keys", BAD, { lines: ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="] }),
    up("Upgrade without Connection", BAD, { headers: { Connection: undefined } }),
    up("Connection without Upgrade passes as a request", PASSED, {
      headers: { Upgrade: undefined, "Sec-Fetch-Site": "same-origin" },
    }),
    up("HTTP/1.0", [400, 505], { version: "HTTP/1.0" }),
    up("Connection names origin", BAD, { headers: { Connection: "Upgrade, Origin" } }),
    up("with Expect", [400, 417], { headers: { Expect: "100-continue" } }),
    up("of a reserved path", BAD, { target: "/__kauth/launch" }),
  ];
};

/** Bytes that some parsers skip, trim or take for a separator. */
const ODD_BYTES: readonly number[] = [0x01, 0x04, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0xa0, 0xff];

const framingRows = ({ host }: GateTarget, row: Row, request: (parts: Parts) => string): readonly GateRow[] => {
  const post = (name: string, statuses: GateRow["statuses"], lines: readonly string[], body: string): GateRow =>
    row(`framing: ${name}`, statuses, { method: "POST", lines, body });
  const chunked = (name: string, statuses: GateRow["statuses"], body: string): GateRow =>
    post(`chunk ${name}`, statuses, ["Transfer-Encoding: chunked"], body);
  const coding = (value: string, statuses: GateRow["statuses"] = [400, 501]): GateRow =>
    post(`coding ${value}`, statuses, [`Transfer-Encoding: ${value}`], "3\r\nabc\r\n0\r\n\r\n");
  const length = (value: string): GateRow => post(`length "${value.slice(0, 30)}"`, BAD, [`Content-Length: ${value}`], "abc");
  const smuggled = request({ target: "/smuggled" });
  const mutated = [
    { field: "Transfer-Encoding", value: "chunked", body: "3\r\nabc\r\n0\r\n\r\n" },
    { field: "Content-Length", value: "3", body: "abc" },
  ].flatMap(({ field, value, body }) =>
    ODD_BYTES.flatMap((code) => {
      const odd = String.fromCharCode(code);
      const places: readonly (readonly [string, string])[] = [
        ["before the name", `${odd}${field}: ${value}`],
        ["in the name", `${field.slice(0, 4)}${odd}${field.slice(4)}: ${value}`],
        ["before the colon", `${field}${odd}: ${value}`],
        ["after the colon", `${field}:${odd}${value}`],
        ["in the value", `${field}: ${value.slice(0, 1)}${odd}${value.slice(1)}`],
        ["after the value", `${field}: ${value}${odd}`],
        ["twice after the value", `${field}: ${value}${odd}${odd}`],
        ["between two values", `${field}: ${value}${odd}${value}`],
        ["as a line of its own", `${odd}\r\n${field}: ${value}`],
      ];
      return places.map(([where, line]) =>
        post(`0x${code.toString(16)} ${where} of ${field}`, undefined, [line], `${body}${smuggled}`),
      );
    }),
  );
  return [
    post("length, then coding", BAD, ["Content-Length: 3", "Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n"),
    post("coding, then length", BAD, ["Transfer-Encoding: chunked", "Content-Length: 3"], "3\r\nabc\r\n0\r\n\r\n"),
    post("two equal lengths", BAD, ["Content-Length: 3", "Content-Length: 3"], "abc"),
    post("two lengths", BAD, ["Content-Length: 3", "Content-Length: 4"], "abc"),
    ...["3, 3", "3,4", "+3", "-3", "0x3", "3_0", "1e1", "", "3 3", "3;", "18446744073709551617", "99999999999999999999999"].map(length),
    ...["gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "gzip", "xchunked", "chunkedx", "chunked, identity", "chunked;q=1", '"chunked"', "Chunked", "CHUNKED", ""].map((value) =>
      coding(value),
    ),
    coding("\u000bchunked"),
    post("coding folded", BAD, ["Transfer-Encoding:", " chunked"], "0\r\n\r\n"),
    post("coding twice", [400, 501], ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n"),
    post("no body at all passes", PASSED, [], ""),
    post("length passes", PASSED, ["Content-Length: 3"], "abc"),
    chunked("plain passes", PASSED, "3\r\nabc\r\n0\r\n\r\n"),
    chunked("extension passes or not", undefined, "3;a=b\r\nabc\r\n0\r\n\r\n"),
    chunked("trailers pass or not", undefined, "3\r\nabc\r\n0\r\nAuthorization: Bearer EVIL\r\n\r\n"),
    ...["+3", "-3", "0x3", "3_", " 3", "g", "", "fffffffffffffffff", "3,3"].map((size) =>
      chunked(`size "${size}"`, undefined, `${size}\r\nabc\r\n0\r\n\r\n${smuggled}`),
    ),
    chunked("extension with a line feed", undefined, `3;a\nb\r\nabc\r\n0\r\n\r\n${smuggled}`),
    chunked("bare line feeds", undefined, `3\nabc\n0\n\n${smuggled}`),
    chunked("no line end after the data", undefined, `3\r\nabcd\r\n0\r\n\r\n${smuggled}`),
    { name: "framing: three line ends first", bytes: latin(`\r\n\r\n\r\n${request({})}`), statuses: undefined },
    {
      name: "framing: GET with a body and a second request glued to it",
      bytes: latin(`${request({ headers: { "Content-Length": "3" }, body: "abc" })}${smuggled}`),
      statuses: undefined,
    },
    { name: "framing: two requests in one write", bytes: latin(`${request({})}${smuggled}`), statuses: undefined },
    { name: "framing: a request and garbage", bytes: latin(`${request({})}\u0000\u0001garbage\r\n\r\n`), statuses: undefined },
    {
      name: "framing: refused request, then a good one",
      bytes: latin(`${request({ headers: { Host: "evil.test" } })}${smuggled}`),
      statuses: FORBIDDEN,
    },
    {
      name: "framing: refused upload whose body is a request",
      bytes: latin(
        `${request({ method: "POST", headers: { Host: "evil.test", "Content-Length": String(smuggled.length) } })}${smuggled}`,
      ),
      statuses: FORBIDDEN,
    },
    { name: `framing: head without an end for ${host}`, bytes: latin(request({}).slice(0, -2)), statuses: [] },
    ...mutated,
  ];
};

/** Rows that wait for a time-out of the server; run them apart. */
export const isSlow = (row: GateRow): boolean => row.statuses?.length === 0;

/** What the parser or the gate may say to bytes that make no sense. */
export const REFUSALS: readonly number[] = [...REFUSED];
