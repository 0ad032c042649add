import { describe, expect, test } from "vitest";
import {
  plainServer,
  quietSystem,
  rawServer,
  secureServer,
  VALID,
  type SecureServed,
} from "../../test/api-server.ts";
import { connectProxy, socksProxy } from "../../test/proxies.ts";
import { sendHttp, type HttpRequest } from "./http.ts";
import { bytes, millis } from "./units.ts";
import { createAuthority } from "./x509.ts";

const NAME = "login.test";

const secureName = async (): Promise<SecureServed> =>
  await secureServer(
    (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () =>
        response
          .writeHead(200, { "X-Seen": `${request.method} ${request.url}` })
          .end(JSON.stringify([request.rawHeaders, Buffer.concat(parts).toString()])),
      );
    },
    { names: [NAME, "127.0.0.1"] },
  );

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: new URL(url),
  headers: [],
  ...more,
});

describe("a request over TLS", () => {
  test("directly, with the named authority only", async () => {
    await using served = await secureName();
    const answer = await sendHttp(
      get(`${served.url}/a?b=c`, { ca: served.authority.cert, headers: [["Accept", "x/y"]] }),
      quietSystem(),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toContainEqual(["X-Seen", "GET /a?b=c"]);
    expect(answer.body).toContain('"Accept","x/y"');
  });

  test("a POST has its length", async () => {
    await using served = await secureName();
    const answer = await sendHttp(
      get(served.url, { method: "POST", body: "grant=ä", ca: served.authority.cert }),
      quietSystem(),
    );
    expect(JSON.parse(answer.body)).toMatchObject([
      expect.arrayContaining(["Content-Length", "8"]),
      "grant=ä",
    ]);
  });

  test("an authority that was not named is not trusted", async () => {
    await using served = await secureName();
    const other = createAuthority({ commonName: "other", ...VALID });
    await expect(sendHttp(get(served.url, { ca: other.cert }), quietSystem())).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
    });
    await expect(sendHttp(get(served.url), quietSystem())).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    await expect(sendHttp(get(served.url, { ca: "nothing" }), quietSystem())).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
    });
  });

  test("an authority beside those of the system, and it only", async () => {
    await using served = await secureName();
    const other = createAuthority({ commonName: "other", ...VALID });
    expect((await sendHttp(get(served.url, { moreCa: served.authority.cert }), quietSystem())).status).toBe(
      200,
    );
    await expect(sendHttp(get(served.url, { moreCa: other.cert }), quietSystem())).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
    });
  });

  test("without verifying, only where that was said", async () => {
    await using served = await secureName();
    expect((await sendHttp(get(served.url, { verify: false }), quietSystem())).status).toBe(200);
    await expect(sendHttp(get(served.url, { verify: true }), quietSystem())).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
    });
  });

  test.each(["http", "https", "socks5"] as const)("through a proxy of %s", async (scheme) => {
    await using served = await secureName();
    const route = (): { host: string; port: number } => ({ host: "127.0.0.1", port: served.port });
    const certificate = served.authority.issue({
      commonName: "p",
      names: ["127.0.0.1"],
      use: "server",
      ...VALID,
    });
    await using proxy =
      scheme === "socks5"
        ? await socksProxy({ route })
        : await connectProxy({ route, ...(scheme === "https" ? { certificate } : {}) });
    const system = quietSystem({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: "/ca.pem", SSL_CERT_DIR: "/none" });
    const files = {
      ...system.files,
      read: async (path: string, limit: Parameters<typeof system.files.read>[1]) =>
        path === "/ca.pem" ? Buffer.from(served.authority.cert) : await system.files.read(path, limit),
    };
    const answer = await sendHttp(get(`https://${NAME}/x`), { ...system, files });
    expect(answer.status).toBe(200);
    expect(proxy.asked).toEqual([`${NAME}:443`]);
  });
});

describe("plain http", () => {
  test("directly", async () => {
    await using served = await plainServer((_request, response) => response.end("hello"));
    expect(await sendHttp(get(served.url), quietSystem())).toMatchObject({ status: 200, body: "hello" });
  });

  test("through an HTTP proxy goes with the whole URL", async () => {
    await using served = await plainServer((request, response) => response.end(request.url));
    await using proxy = await connectProxy({
      route: () => ({ host: "127.0.0.1", port: served.port }),
      credentials: { username: "me", password: "canary" },
    });
    const system = quietSystem({ HTTP_PROXY: `http://me:canary@127.0.0.1:${proxy.port}` });
    expect(await sendHttp(get("http://plain.test/p?q"), system)).toMatchObject({ status: 200, body: "/p?q" });
    expect(proxy.asked).toEqual(["http://plain.test/p?q"]);
  });
});

test("a redirect is an answer", async () => {
  await using served = await plainServer((_request, response) =>
    response.writeHead(302, { Location: "http://127.0.0.1:1/" }).end(),
  );
  expect(await sendHttp(get(served.url), quietSystem())).toMatchObject({ status: 302 });
});

test("an answer that is too large", async () => {
  await using served = await plainServer((_request, response) => response.end("x".repeat(2000)));
  await expect(sendHttp(get(served.url, { limit: bytes(1000) }), quietSystem())).rejects.toMatchObject({
    code: "ANSWER_TOO_LARGE",
  });
});

test("an answer that never ends", async () => {
  await using served = await plainServer((_request, response) => response.write("x"));
  await expect(sendHttp(get(served.url, { timeout: millis(50) }), quietSystem())).rejects.toMatchObject({
    code: "CONNECTION_TIMEOUT",
  });
});

test("a server that says nothing is given up with the signal's own reason", async () => {
  const stop = new AbortController();
  await using served = await rawServer(() => stop.abort(new Error("enough")));
  await expect(sendHttp(get(served.url, { signal: stop.signal }), quietSystem())).rejects.toThrow("enough");
});

test.each([
  ["nothing listens", "http://127.0.0.1:1/", "CONNECTION_REFUSED"],
  ["no such name", "http://no-such-name.invalid/", "DNS_FAILED"],
])("%s", async (_name, url, code) => {
  await expect(sendHttp(get(url), quietSystem())).rejects.toMatchObject({ code });
});

test("garbage instead of HTTP", async () => {
  await using served = await rawServer((socket) => socket.end("SSH-2.0-x\r\n"));
  await expect(sendHttp(get(served.url), quietSystem())).rejects.toMatchObject({ code: "CONNECTION_LOST" });
});
