import { once } from "node:events";
import { describe, expect, test } from "vitest";
import {
  bearer,
  connected,
  hurriedSystem,
  json,
  plainServer,
  rawServer,
  sourceOf,
  type Handler,
  type Served,
} from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import { millis } from "../base/units.ts";
import type { ApiRequest, Connection, ConnectionOptions } from "./types.ts";

const keep = keepForTest();

const plain = async (handler: Handler): Promise<Served> => keep(await plainServer(handler));
const to = (...args: Parameters<typeof connected>): Connection => keep(connected(...args));
const GET: ApiRequest = { method: "GET", path: "/version" };
const REPLAY: ConnectionOptions = { replayUnauthorized: true };
/** Long enough for whatever comes over loopback, and what a test waits when nothing comes. */
const SHORT = millis(250);

describe("a request", () => {
  test("has the credential, the cluster's name and prefix, and nothing that follows the person", async () => {
    const heads: [string | undefined, readonly string[]][] = [];
    const server = await plain((request, response) => {
      heads.push([request.url, request.rawHeaders]);
      json(response, 200, { ok: true });
    });
    const connection = to(`${server.url}/k8s/clusters/c-1/`);
    const answer = await connection.request({ ...GET, query: { a: "b c", "d&e": "f" } });
    expect(answer).toMatchObject({ status: 200, body: { ok: true } });
    expect(connection.server).toBe(`${server.url}/k8s/clusters/c-1`);
    const [url, head] = heads[0] ?? [];
    expect(url).toBe("/k8s/clusters/c-1/version?a=b+c&d%26e=f");
    expect(head?.filter((_value, index) => index % 2 === 0)).toEqual([
      "Host",
      "User-Agent",
      "Authorization",
      "Accept",
      "Connection",
    ]);
    expect(head).toContain("Bearer t");
    expect(head?.[3]).toMatch(/^kauth\/\d+\.\d+\.\d+ \([a-z0-9]+\)$/);
  });

  test("with a body says how long it is", async () => {
    const server = await plain((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.once("end", () =>
        json(response, 201, {
          type: request.headers["content-type"],
          length: request.headers["content-length"],
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    const { body } = await to(server.url).request({ method: "POST", path: "/x", body: { a: "ü" } });
    expect(body).toEqual({ type: "application/json", length: "10", body: '{"a":"ü"}' });
  });

  test("after another uses the same connection; disposing ends it", async () => {
    const server = await plain((_request, response) => json(response, 200, {}));
    const connection = to(server.url);
    for (let turn = 0; turn < 5; turn += 1) await connection.request(GET);
    expect(server.accepted).toBe(1);
    const [socket] = server.open;
    if (socket === undefined) throw new Error("no connection is open");
    const closed = once(socket, "close");
    await connection[Symbol.asyncDispose]();
    await closed;
  });

  test("among the first ones at once belongs to the same pool", async () => {
    const server = await plain((_request, response) => json(response, 200, {}));
    const connection = to(server.url);
    for (let turn = 0; turn < 2; turn += 1)
      await Promise.all(Array.from({ length: 5 }, () => connection.request(GET)));
    const closed = [...server.open].map((socket) => once(socket, "close"));
    expect(closed).toHaveLength(5);
    await connection[Symbol.asyncDispose]();
    await Promise.all(closed);
  });

  test("on a connection that the server just closed is sent again on a new one", async () => {
    let count = 0;
    const server = await plain((request, response) => {
      count += 1;
      if (count === 2) request.socket.destroy();
      else json(response, 200, { count });
    });
    const connection = to(server.url);
    await connection.request(GET);
    expect(await connection.request(GET)).toMatchObject({ body: { count: 3 } });
    expect(server.accepted).toBe(2);
  });

  test("that changes something is never sent twice by that", async () => {
    let posts = 0;
    const server = await plain((request, response) => {
      if (request.method === "GET") json(response, 200, {});
      else {
        posts += 1;
        request.socket.destroy();
      }
    });
    const connection = to(server.url);
    await connection.request(GET);
    await expect(connection.request({ method: "POST", path: "/x", body: {} })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    expect(posts).toBe(1);
  });

  test("that changes something is not sent again on a new connection that breaks", async () => {
    let count = 0;
    const server = await plain((request) => {
      count += 1;
      request.socket.destroy();
    });
    await expect(
      to(server.url, {}, undefined, hurriedSystem()).request({ method: "POST", path: "/x", body: {} }),
    ).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(count).toBe(1);
  });
});

describe("a 401", () => {
  const checking = async (good: string, tokens: readonly string[], options: ConnectionOptions = {}) => {
    const seen: string[] = [];
    const server = await plain((request, response) => {
      const header = request.headers.authorization ?? "";
      seen.push(header);
      json(response, header === `Bearer ${good}` ? 200 : 401, { kind: "Status", message: "Unauthorized" });
    });
    const source = sourceOf(...tokens.map(bearer));
    return { seen, source, connection: to(server.url, {}, source, undefined, options) };
  };

  // client-go's way (credentials.md §2.3; spec README: "API calls do as client-go").
  test("is the answer, and the next request has the renewed credential", async () => {
    const { seen, source, connection } = await checking("b", ["a", "b"]);
    expect((await connection.request(GET)).status).toBe(401);
    expect(seen).toEqual(["Bearer a"]);
    expect(source.renewals).toBe(1);
    expect((await connection.request(GET)).status).toBe(200);
    expect(seen).toEqual(["Bearer a", "Bearer b"]);
    expect(source.renewals).toBe(1);
  });

  // What serves pages (security.md F12).
  test.each([
    ["is answered with the new credential, once", "b", ["a", "b"], 200, ["Bearer a", "Bearer b"], 1],
    ["to the new credential stays", "c", ["a", "b", "c"], 401, ["Bearer a", "Bearer b"], 1],
    ["stays when there is no other credential", "b", ["a"], 401, ["Bearer a"], 1],
    ["does not happen", "a", ["a", "b"], 200, ["Bearer a"], 0],
  ])("that is replayed %s", async (_name, good, tokens, status, wanted, renewals) => {
    const { seen, source, connection } = await checking(good, tokens, REPLAY);
    expect((await connection.request(GET)).status).toBe(status);
    expect(seen).toEqual(wanted);
    expect(source.renewals).toBe(renewals);
  });

  test.each([
    [false, ["Bearer a"]],
    [true, ["Bearer a", "Bearer b"]],
  ])("to a watch is the same (replayed: %s)", async (replay, wanted) => {
    const { seen, connection } = await checking("b", ["a", "b"], replay ? REPLAY : {});
    const watch = async (): Promise<void> => {
      for await (const line of connection.stream(GET)) expect(line).toBeUndefined();
    };
    if (replay) await watch();
    else await expect(watch()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(seen).toEqual(wanted);
  });

  test("leaves a slow renewal out of the time that the server has", async () => {
    const server = await plain((_request, response) => json(response, 401, {}));
    const late = async (): Promise<undefined> =>
      await new Promise((done) => setTimeout(() => done(undefined), 3 * SHORT));
    const source = sourceOf(bearer("a"));
    const slow = { ...source, renew: late, get: async () => (await late(), await source.get()) };
    const answer = await to(server.url, {}, slow).request({ ...GET, timeout: SHORT });
    expect(answer.status).toBe(401);
  });
});

describe("a redirect", () => {
  test.each([301, 302, 303, 307, 308])("with %d is an answer, and nobody follows it", async (status) => {
    let elsewhere = 0;
    const other = await plain((_request, response) => {
      elsewhere += 1;
      json(response, 200, {});
    });
    let here = 0;
    const server = await plain((_request, response) => {
      here += 1;
      response.writeHead(status, { Location: `${other.url}/steal` }).end();
    });
    const connection = to(server.url);
    expect((await connection.request(GET)).status).toBe(status);
    const watching = connection.stream(GET)[Symbol.asyncIterator]().next();
    await expect(watching).rejects.toMatchObject({ code: "API_REDIRECT" });
    const upgraded = await connection.upgrade({ method: "GET", path: "/x", headers: [["Upgrade", "x"]] });
    expect(upgraded).toMatchObject({ kind: "refused", status });
    expect([here, elsewhere, other.accepted]).toEqual([3, 0, 0]);
  });
});

describe("answers that are no answers", () => {
  const raw = async (text: string): Promise<Served> => {
    const server = await rawServer((socket) => socket.end(text));
    keep(server);
    return server;
  };

  test.each([
    ["bytes of something else", "SSH-2.0-OpenSSH_9.2\r\n", "CONNECTION_LOST"],
    ["nothing", "", "CONNECTION_LOST"],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-", "CONNECTION_LOST"],
    ["half a body", 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":', "CONNECTION_LOST"],
    ["half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "CONNECTION_LOST"],
    ["a head of 100 KiB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`, "CONNECTION_LOST"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "CONNECTION_LOST"],
    [
      "an unasked change of protocol",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      "API_FAILED",
    ],
  ])("%s", async (_name, text, code) => {
    const server = await raw(text);
    await expect(to(server.url, {}, undefined, hurriedSystem()).request(GET)).rejects.toMatchObject({ code });
    const lines = to(server.url, {}, undefined, hurriedSystem()).stream(GET);
    const streaming = lines[Symbol.asyncIterator]().next();
    // Connections that break before the head are an empty watch.
    if (["", "HTTP/1.1 200 OK\r\nContent-"].includes(text))
      expect(await streaming).toMatchObject({ done: true });
    else await expect(streaming).rejects.toMatchObject({ code });
  });
});

describe("time", () => {
  test.each([
    ["no head", ""],
    ["half a head", "HTTP/1.1 200 OK\r\n"],
    ["a head without its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"],
    ["a body that stops", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
  ])("is over with %s", async (_name, text) => {
    const server = await rawServer((socket) => socket.write(text));
    keep(server);
    const asking = to(server.url).request({ ...GET, timeout: SHORT });
    await expect(asking).rejects.toMatchObject({ code: "CONNECTION_TIMEOUT" });
  });

  test.each([
    ["no head", ""],
    ["half a head", "HTTP/1.1 200 OK\r\n"],
    ["half of a refusal", "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n{"],
  ])("of a watch is over with %s", async (_name, text) => {
    const server = await rawServer((socket) => socket.write(text));
    keep(server);
    const lines = to(server.url).stream({ ...GET, timeout: SHORT });
    const watching = lines[Symbol.asyncIterator]();
    await expect(watching.next()).rejects.toMatchObject({ code: "CONNECTION_TIMEOUT" });
  });

  test("of a watch that has begun is not over", async () => {
    const server = await plain((_request, response) => {
      response.write('{"a":1}\n');
      setTimeout(() => response.end('{"a":2}\n'), 2 * SHORT);
    });
    const lines: unknown[] = [];
    for await (const line of to(server.url).stream({ ...GET, timeout: SHORT })) lines.push(line);
    expect(lines).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test("of a watch ends when nobody reads it any more: its connection closes", async () => {
    const server = await plain((_request, response) => response.write('{"a":1}\n'));
    for await (const line of to(server.url).stream(GET)) {
      expect(line).toEqual({ a: 1 });
      break;
    }
    const [socket] = server.open;
    if (socket !== undefined && !socket.destroyed) await once(socket, "close");
    expect(server.accepted).toBe(1);
  });

  test("is over also with a body that trickles", async () => {
    const server = await plain((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 10);
      response.once("close", () => clearInterval(timer));
    });
    const asking = to(server.url).request({ ...GET, timeout: SHORT });
    await expect(asking).rejects.toMatchObject({ code: "CONNECTION_TIMEOUT" });
  });

  test("is up to whoever asks: an abort has its own reason", async () => {
    const stop = new AbortController();
    const server = await plain(() => stop.abort(new Error("enough")));
    await expect(to(server.url).request({ ...GET, signal: stop.signal })).rejects.toThrow("enough");
    await expect(to(server.url).request({ ...GET, signal: stop.signal })).rejects.toThrow("enough");
    expect(server.accepted).toBe(1);
  });
});

describe("the network", () => {
  test("a port where nobody listens", async () => {
    const server = await plainServer(() => undefined);
    await server[Symbol.asyncDispose]();
    await expect(to(server.url).request(GET)).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      message: `Cannot connect to ${server.url}: connection refused`,
    });
  });

  test("a name without an address", async () => {
    await expect(to("http://no-such-host.invalid:6443").request(GET)).rejects.toMatchObject({
      code: "DNS_FAILED",
      message: expect.stringContaining("http://no-such-host.invalid:6443") as string,
    });
  });
});
