import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { rawServer, VALID } from "../../test/api-server.ts";
import { connectProxy, socksProxy, strangeProxy, type TestProxy } from "../../test/proxies.ts";
import { isKnownError, type KnownError } from "./errors.ts";
import { dialThrough, type ProxyTrust } from "./proxy-dial.ts";
import { kubeconfigProxy } from "./proxy-rule.ts";
import { millis } from "./units.ts";
import { createAuthority } from "./x509.ts";

const NAME = "api.test";
const authority = createAuthority({ commonName: "authority", ...VALID });
const certificate = authority.issue({ commonName: "proxy", names: ["127.0.0.1"], use: "server", ...VALID });
const TRUSTED: ProxyTrust = { ca: [authority.cert], verify: true };

const dial = async (
  url: string,
  options: {
    readonly signal?: AbortSignal;
    readonly timeout?: number;
    readonly trust?: ProxyTrust;
    host?: string;
  } = {},
): Promise<Duplex> =>
  await dialThrough(
    kubeconfigProxy(url),
    { host: options.host ?? NAME, port: 6443 },
    {
      signal: options.signal ?? new AbortController().signal,
      timeout: millis(options.timeout ?? 5_000),
      trust: () => Promise.resolve(options.trust ?? TRUSTED),
    },
  );

const fails = async (url: string, options: Parameters<typeof dial>[1] = {}): Promise<KnownError> => {
  try {
    (await dial(url, options)).destroy();
  } catch (error) {
    if (isKnownError(error)) return error;
    throw error;
  }
  throw new Error("it worked");
};

const withUser = (proxy: TestProxy, user: string): string => proxy.url.replace("://", `://${user}@`);

type Make = (options: Parameters<typeof connectProxy>[0]) => Promise<TestProxy>;
const KINDS: readonly (readonly [string, Make])[] = [
  ["an HTTP proxy", connectProxy],
  ["an HTTPS proxy", async (options) => await connectProxy({ ...options, certificate })],
  ["a SOCKS5 proxy", socksProxy],
];

describe.each(KINDS)("through %s", (_name, make) => {
  test("bytes pass both ways, and the name is left to the proxy", async () => {
    await using echo = await rawServer((socket) => socket.end("pong"));
    await using proxy = await make({ route: () => ({ host: "127.0.0.1", port: echo.port }) });
    const stream = await dial(proxy.url);
    stream.write("ping");
    const [answer] = (await once(stream, "data")) as [Buffer];
    expect(answer.toString()).toBe("pong");
    expect(proxy.asked).toEqual([`${NAME}:6443`]);
    stream.destroy();
  });

  test("an IPv6 address", async () => {
    await using echo = await rawServer((socket) => socket.end("pong"));
    await using proxy = await make({ route: () => ({ host: "127.0.0.1", port: echo.port }) });
    (await dial(proxy.url, { host: "fd00::1" })).destroy();
    expect(proxy.asked[0]).toMatch(/^(\[fd00::1\]|fd00:0000:.*:0001):6443$/);
  });

  test("what the server says first comes after the proxy's answer, not in it", async () => {
    const greeter = createServer((socket) => socket.end("220 hello"));
    await new Promise<void>((resolve) => greeter.listen(0, "127.0.0.1", resolve));
    const address = greeter.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using proxy = await make({ route: () => ({ host: "127.0.0.1", port }) });
    const stream = await dial(proxy.url);
    const [greeting] = (await once(stream, "data")) as [Buffer];
    expect(greeting.toString()).toBe("220 hello");
    stream.destroy();
    greeter.close();
  });

  test("user name and password of the URL are shown to the proxy", async () => {
    await using echo = await rawServer(() => undefined);
    await using proxy = await make({
      route: () => ({ host: "127.0.0.1", port: echo.port }),
      credentials: { username: "me", password: "can@ry" },
    });
    (await dial(withUser(proxy, "me:can%40ry"))).destroy();
  });

  test.each([
    ["without user name and password", ""],
    ["with a wrong password", "me:wr0ng-canary"],
  ])("%s", async (_case, user) => {
    await using proxy = await make({ credentials: { username: "me", password: "right-canary" } });
    const error = await fails(user === "" ? proxy.url : withUser(proxy, user));
    expect(error.code).toBe("PROXY_AUTH");
    expect(error.message).toContain("proxy-url of the kubeconfig");
    expect(`${error.message} ${error.hint}`).not.toContain("canary");
  });

  test("the proxy does not allow it", async () => {
    await using proxy = await make({ route: () => undefined });
    const error = await fails(proxy.url);
    expect(error.code).toBe("PROXY_REFUSED");
    expect(error.message).toContain(`${NAME}:6443`);
  });

  test("the proxy cannot reach the server", async () => {
    await using proxy = await make({ route: () => ({ host: "127.0.0.1", port: 1 }) });
    expect(await fails(proxy.url)).toMatchObject({ code: "PROXY_REFUSED" });
  });

  test("nobody listens there", async () => {
    const { url } = await make({}).then(async (proxy) => {
      await proxy[Symbol.asyncDispose]();
      return proxy;
    });
    const error = await fails(url);
    expect(error.code).toBe("PROXY_UNREACHABLE");
    expect(error.message).toContain("connection refused");
  });
});

const scheme = (proxy: TestProxy, name: string): string => proxy.url.replace(/^\w+/, name);

describe("a proxy that behaves badly", () => {
  test.each<[name: string, scheme: string, answer: (socket: Socket) => void, code: string]>([
    ["closes at once", "http", (socket) => socket.end(), "PROXY_UNREACHABLE"],
    ["resets", "http", (socket) => socket.resetAndDestroy(), "PROXY_UNREACHABLE"],
    ["says something else", "http", (socket) => socket.end("SSH-2.0-x\r\n\r\n"), "PROXY_UNREACHABLE"],
    ["ends within its answer", "http", (socket) => socket.end("HTTP/1.1 200 OK\r\nX: "), "PROXY_UNREACHABLE"],
    [
      "never ends its answer",
      "http",
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`),
      "PROXY_UNREACHABLE",
    ],
    ["says nothing", "http", () => undefined, "PROXY_UNREACHABLE"],
    [
      "answers HTTP to SOCKS",
      "socks5",
      (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      "PROXY_UNREACHABLE",
    ],
    ["closes at once", "socks5", (socket) => socket.end(), "PROXY_UNREACHABLE"],
    [
      "wants a method that is none of ours",
      "socks5",
      (socket) => socket.write(Buffer.from([5, 3])),
      "PROXY_AUTH",
    ],
    ["says nothing", "socks5", () => undefined, "PROXY_UNREACHABLE"],
    [
      "speaks no TLS",
      "https",
      (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      "PROXY_UNREACHABLE",
    ],
    [
      "does not know the method",
      "http",
      (socket) => socket.end("HTTP/1.1 405 Method Not Allowed\r\n\r\n"),
      "PROXY_REFUSED",
    ],
    [
      "is a gateway whose way is down",
      "http",
      (socket) => socket.end("HTTP/1.0 503\r\n\r\n"),
      "PROXY_REFUSED",
    ],
    [
      "says an odd status with controls",
      "http",
      (socket) => socket.end("HTTP/1.1 599 \u001b[2Jx\r\n\r\n"),
      "PROXY_REFUSED",
    ],
  ])("%s (%s)", async (_name, kind, answer, code) => {
    await using proxy = await strangeProxy(answer);
    const error = await fails(scheme(proxy, kind), { timeout: 100 });
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("\u001b");
    expect(error.hint).not.toBe("");
  });

  test("an answer that never ends is not read to its end", async () => {
    await using proxy = await strangeProxy((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`),
    );
    expect((await fails(proxy.url)).message).toContain("more than 65536 bytes");
  });

  test("a SOCKS5 proxy that is cut off in each of its answers", async () => {
    const whole = Buffer.from([5, 0, 0, 3, 4, 1, 2, 3, 4, 0, 80]);
    for (let length = 1; length < whole.length; length++) {
      await using proxy = await strangeProxy((socket) => {
        socket.write(Buffer.from([5, 0]));
        socket.once("data", () => socket.end(whole.subarray(0, length)));
      });
      const error = await fails(scheme(proxy, "socks5"), { timeout: 1_000 });
      expect(error.code).toBe("PROXY_UNREACHABLE");
    }
  });

  test.each([
    [1, "general failure"],
    [2, "do not allow"],
    [3, "network is unreachable"],
    [4, "host is unreachable"],
    [5, "connection refused"],
    [6, "time to live"],
    [7, "command"],
    [8, "kind of address"],
    [99, "answered 99"],
  ])("SOCKS5 reply %i, in two bytes", async (code, text) => {
    await using proxy = await strangeProxy((socket) => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", () => socket.end(Buffer.from([5, code])));
    });
    expect(await fails(scheme(proxy, "socks5"))).toMatchObject({
      code: "PROXY_REFUSED",
      message: expect.stringContaining(text) as string,
    });
  });

  test.each([
    ["an odd kind of address in four bytes", [5, 0], [5, 0, 0, 9]],
    ["one byte of another protocol", [4], []],
  ])("a SOCKS5 proxy that answers with %s is named at once", async (_name, first, second) => {
    await using proxy = await strangeProxy((socket) => {
      socket.write(Buffer.from(first));
      socket.once("data", () => socket.write(Buffer.from(second)));
    });
    expect(await fails(scheme(proxy, "socks5"), { timeout: 15_000 })).toMatchObject({
      code: "PROXY_UNREACHABLE",
      message: expect.stringContaining("is no SOCKS5 proxy") as string,
    });
  });

  test("a head with line feeds only is read", async () => {
    await using proxy = await strangeProxy((socket) => socket.write("HTTP/1.1 403 No\nX: y\n\n"));
    expect(await fails(proxy.url, { timeout: 15_000 })).toMatchObject({
      code: "PROXY_REFUSED",
      message: expect.stringContaining("403 No") as string,
    });
  });

  test("an answer that comes byte by byte is read", async () => {
    await using proxy = await strangeProxy((socket) => {
      void (async () => {
        for (const letter of "HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello") {
          socket.write(letter);
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
      })();
    });
    const stream = await dial(proxy.url);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toBe("hello");
  });
});

test("an HTTPS proxy with a certificate that nobody vouches for", async () => {
  await using proxy = await connectProxy({ certificate });
  const other = createAuthority({ commonName: "other", ...VALID });
  const error = await fails(proxy.url, { trust: { ca: [other.cert], verify: true } });
  expect(error.code).toBe("PROXY_UNREACHABLE");
  expect(error.message).toContain("Cannot trust the proxy https://127.0.0.1:");
  (await dial(proxy.url, { trust: { ca: [other.cert], verify: false } }).catch(() => undefined))?.destroy();
  expect(proxy.asked).toEqual([`${NAME}:6443`]);
});

test.each(["http", "https", "socks5"])("giving up ends the wait and the connection (%s)", async (kind) => {
  const stop = new AbortController();
  const closed = new Promise<void>((resolve) => {
    void strangeProxy((socket) => {
      socket.once("close", () => resolve());
      stop.abort(new Error("enough"));
    }).then(async (proxy) => {
      await expect(dial(scheme(proxy, kind), { signal: stop.signal })).rejects.toThrow("enough");
      await proxy[Symbol.asyncDispose]();
    });
  });
  await closed;
});

test("SOCKS5 takes no user name of 256 bytes", async () => {
  await using proxy = await socksProxy({ credentials: { username: "me", password: "x" } });
  const error = await fails(withUser(proxy, `${"u".repeat(256)}:canary`));
  expect(error.code).toBe("PROXY_URL_INVALID");
  expect(error.message).not.toContain("canary");
});
