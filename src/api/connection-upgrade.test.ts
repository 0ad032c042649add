import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import {
  bearer,
  connected,
  json,
  plainServer,
  rawServer,
  sourceOf,
  type Served,
} from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import type { Connection, ConnectionOptions, Upgraded, UpgradeRefused } from "./types.ts";

const keep = keepForTest();

const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test/1\r\nX-A: 1\r\nX-A: 2\r\n\r\n";

interface Setup {
  readonly server: Served;
  readonly connection: Connection;
  readonly heads: (readonly string[])[];
  readonly sockets: Socket[];
}

/** Says yes to everybody with the token `t`, and `early` right behind it. */
const setup = async (early = "", tokens = ["t"], options: ConnectionOptions = {}): Promise<Setup> => {
  const heads: (readonly string[])[] = [];
  const sockets: Socket[] = [];
  const server = keep(
    await plainServer(
      (_request, response) => json(response, 200, {}),
      (request, socket) => {
        heads.push(request.rawHeaders);
        if (request.headers.authorization !== "Bearer t")
          socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}");
        else {
          sockets.push(socket);
          socket.write(`${SWITCH}${early}`);
        }
      },
    ),
  );
  const connection = keep(connected(server.url, {}, sourceOf(...tokens.map(bearer)), undefined, options));
  return { server, connection, heads, sockets };
};

const REQUEST = {
  method: "POST",
  path: "/x",
  headers: [
    ["Upgrade", "test/1"],
    ["Content-Length", "0"],
  ],
} as const;

const yes = (answer: Upgraded | UpgradeRefused): Upgraded => {
  if (answer.kind === "refused") throw new Error(`refused with ${answer.status}`);
  keep({ [Symbol.asyncDispose]: () => Promise.resolve(void answer.socket.destroy()) });
  return answer;
};

const next = async (socket: Duplex): Promise<string> => {
  const [piece] = (await once(socket, "data")) as [Buffer];
  return piece.toString();
};

test("gives headers as they came, and what came right behind them", async () => {
  const { connection, heads, sockets } = await setup("early");
  const { headers, head, socket } = yes(await connection.upgrade(REQUEST));
  expect(headers.filter(([name]) => name === "X-A")).toEqual([
    ["X-A", "1"],
    ["X-A", "2"],
  ]);
  const first = head.length > 0 ? head.toString() : await next(socket);
  expect(first).toBe("early");
  socket.write("ping");
  const [far] = sockets;
  if (far === undefined) throw new Error("nobody connected");
  expect(await next(far)).toBe("ping");
  const sent = heads[0] ?? [];
  expect(sent.filter((_value, index) => index % 2 === 0)).toEqual([
    "Host",
    "User-Agent",
    "Authorization",
    "Connection",
    "Upgrade",
    "Content-Length",
  ]);
  expect(sent[sent.indexOf("Connection") + 1]).toBe("Upgrade");
});

test("takes a connection of its own, which disposing leaves to its owner", async () => {
  const { server, connection } = await setup();
  await connection.request({ method: "GET", path: "/" });
  const { socket } = yes(await connection.upgrade(REQUEST));
  expect(server.accepted).toBe(2);
  await connection[Symbol.asyncDispose]();
  expect(socket.destroyed).toBe(false);
});

test("says when the request is written, once, before the answer", async () => {
  const { connection } = await setup();
  const events: string[] = [];
  const asking = connection.upgrade({ ...REQUEST, onSent: () => events.push("sent") });
  yes(await asking);
  expect(events).toEqual(["sent"]);
});

test("does not say so when nothing could be written", async () => {
  const { server, connection } = await setup();
  await server[Symbol.asyncDispose]();
  const events: string[] = [];
  const asking = connection.upgrade({ ...REQUEST, onSent: () => events.push("sent") });
  await expect(asking).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  expect(events).toEqual([]);
});

test("a 401 is the answer, and makes one renewal for the next one", async () => {
  const { connection, heads } = await setup("", ["old", "t"]);
  expect(await connection.upgrade(REQUEST)).toMatchObject({ kind: "refused", status: 401, body: "{}" });
  expect(heads).toHaveLength(1);
  yes(await connection.upgrade(REQUEST));
});

test("a 401 that is replayed makes one renewal and one more try", async () => {
  const { connection, heads } = await setup("", ["old", "t"], { replayUnauthorized: true });
  yes(await connection.upgrade(REQUEST));
  expect(heads).toHaveLength(2);
});

test("a 401 to that, too, is the answer", async () => {
  const { connection, heads } = await setup("", ["old", "older"], { replayUnauthorized: true });
  expect(await connection.upgrade(REQUEST)).toMatchObject({ kind: "refused", status: 401, body: "{}" });
  expect(heads).toHaveLength(2);
});

describe("any other answer", () => {
  const refusing = async (text: string): Promise<Connection> => {
    const server = keep(await rawServer((socket) => socket.end(text)));
    return keep(connected(server.url));
  };

  test.each([
    ["a Status", 403, '{"kind":"Status","message":"forbidden"}'],
    ["text", 400, "you must specify at least 1 port"],
    ["nothing", 502, ""],
    ["an answer as if nothing had been asked", 200, "hello"],
  ])("of %s is a refusal with its body", async (_name, status, body) => {
    const head = `HTTP/1.1 ${status} X\r\nX-A: 1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const connection = await refusing(head + body);
    expect(await connection.upgrade(REQUEST)).toEqual({
      kind: "refused",
      status,
      headers: [
        ["X-A", "1"],
        ["Content-Length", String(Buffer.byteLength(body))],
      ],
      body,
    });
  });

  test.each([
    ["garbage", "SSH-2.0-OpenSSH\r\n"],
    ["half a head", "HTTP/1.1 101 Switching Protocols\r\nConn"],
    ["half a body", "HTTP/1.1 403 X\r\nContent-Length: 10\r\n\r\n{"],
    ["nothing", ""],
  ])("of %s is a lost connection", async (_name, text) => {
    const connection = await refusing(text);
    await expect(connection.upgrade(REQUEST)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});

describe("an abort", () => {
  test("before the answer ends it with its reason", async () => {
    const stop = new AbortController();
    const server = keep(await rawServer(() => stop.abort(new Error("enough"))));
    const asking = keep(connected(server.url)).upgrade({ ...REQUEST, signal: stop.signal });
    await expect(asking).rejects.toThrow("enough");
  });

  test("from before ends it before anything is dialled", async () => {
    const { server, connection } = await setup();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(connection.upgrade({ ...REQUEST, signal })).rejects.toThrow("enough");
    expect(server.accepted).toBe(0);
  });

  test("after the answer leaves the connection to its owner", async () => {
    const { connection } = await setup();
    const stop = new AbortController();
    const { socket } = yes(await connection.upgrade({ ...REQUEST, signal: stop.signal }));
    stop.abort(new Error("enough"));
    await new Promise((done) => setImmediate(done));
    expect(socket.destroyed).toBe(false);
  });
});
