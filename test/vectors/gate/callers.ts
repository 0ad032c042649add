import { BAD, FORBIDDEN, PASSED, SIGNED_OUT, type GateRow, type GateTarget, type Parts, type Row } from "./row.ts";

export const siteRows = ({ host, port }: GateTarget, row: Row): readonly GateRow[] => {
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

export const sessionRows = ({ host, cookie, apiToken }: GateTarget, row: Row): readonly GateRow[] => {
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

export const upgradeRows = ({ host, apiToken }: GateTarget, row: Row): readonly GateRow[] => {
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
    up("GET that announces a body", BAD, { headers: { "Content-Length": "3" } }),
    up("GET that announces chunks", BAD, { headers: { "Transfer-Encoding": "chunked" } }),
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

