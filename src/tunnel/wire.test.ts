import { once } from "node:events";
import http from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import tls from "node:tls";
import { WebSocketServer, type WebSocket } from "ws";
import { afterEach, describe, expect, test } from "vitest";
import type { KnownError } from "../base/errors.ts";
import { realSystem } from "../base/system.ts";
import { echo, settle } from "./far-end.test-d.ts";
import { HEADROOM } from "./spdy/outbox.ts";
import { serveSpdy } from "./spdy/server.ts";
import { Session } from "./spdy/session.ts";
import type { Carrier } from "./types.ts";
import { websocketWire, type Wire } from "./wire.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const listen = async (server: http.Server | ReturnType<typeof createServer>): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
};

describe("beside the implementation of ws", () => {
  interface Met {
    readonly wire: Wire;
    readonly peer: WebSocket;
    readonly read: () => string;
    readonly closed: Promise<KnownError>;
    readonly send: (text: string) => Promise<void>;
  }

  const meet = async (): Promise<Met> => {
    const server = http.createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    const port = await listen(server);
    const request = http.get({
      port,
      host: "127.0.0.1",
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    const met = once(sockets, "connection") as Promise<[WebSocket]>;
    const [, socket, head] = (await once(request, "upgrade")) as [http.IncomingMessage, Duplex, Buffer];
    const [peer] = await met;
    let text = "";
    let settleClosed: (error: KnownError) => void = () => undefined;
    const closed = new Promise<KnownError>((resolve) => (settleClosed = resolve));
    const wire = websocketWire({
      socket,
      head,
      headroom: HEADROOM,
      role: "client",
      random: (size) => realSystem().random(size),
      owner: { bytes: (chunk) => (text += chunk.toString("latin1")), closed: (error) => settleClosed(error) },
    });
    closers.push(() => socket.destroy());
    return {
      wire,
      peer,
      closed,
      read: () => text,
      send: (given) =>
        new Promise((done) => {
          const slab = Buffer.concat([Buffer.alloc(HEADROOM), Buffer.from(given, "latin1")]);
          wire.send(slab, slab.length, done);
        }),
    };
  };

  test.each([1, 125, 126, 65_535, 65_536, 300_000])("it reads our message of %i bytes", async (size) => {
    const { peer, send } = await meet();
    const text = "kauth".repeat(Math.ceil(size / 5)).slice(0, size);
    const message = once(peer, "message") as Promise<[Buffer, boolean]>;
    await send(text);
    const [data, binary] = await message;
    expect(binary).toBe(true);
    expect(data.toString("latin1") === text).toBe(true);
  });

  test("we read its messages, in fragments and with a ping between them", async () => {
    const { peer, read } = await meet();
    const pong = once(peer, "pong") as Promise<[Buffer]>;
    peer.send(Buffer.from("one "), { fin: false });
    peer.ping("are you there");
    peer.send(Buffer.alloc(0), { fin: false });
    peer.send(Buffer.from("two"), { fin: true });
    peer.send(Buffer.alloc(0));
    expect((await pong)[0].toString()).toBe("are you there");
    await expect.poll(read).toBe("one two");
  });

  test("its close ends the wire and is answered", async () => {
    const { peer, closed } = await meet();
    peer.close(1011);
    expect(await closed).toMatchObject({ code: "TUNNEL_LOST" });
    const [status] = (await once(peer, "close")) as [number];
    expect(status).toBe(1000);
  });

  test("text is refused", async () => {
    const { peer, closed } = await meet();
    peer.send("text");
    expect(await closed).toMatchObject({ code: "TUNNEL_PROTOCOL" });
  });

  test("our close is a normal one", async () => {
    const { wire, peer } = await meet();
    wire.close();
    const [status] = (await once(peer, "close")) as [number];
    expect(status).toBe(1000);
  });
});

describe.each<Carrier>(["spdy", "websocket"])("over %s and TCP", (carrier) => {
  const tunnel = async (): Promise<Session> => {
    const system = realSystem();
    const server = createServer((socket: Socket) => {
      socket.on("error", () => undefined);
      serveSpdy(socket, {
        carrier,
        system,
        quirks: { fragmented: true },
        onConnection: (connection) => {
          if (connection.port !== 443) {
            echo(connection);
            return;
          }
          const secure = new tls.TLSSocket(connection.stream, {
            isServer: true,
            ciphers: "PSK",
            maxVersion: "TLSv1.2",
            pskCallback: () => Buffer.from("secret"),
          } as tls.TLSSocketOptions);
          secure.on("error", () => undefined).pipe(secure);
        },
      });
    });
    const port = await listen(server);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const session = new Session({ socket, head: Buffer.alloc(0), carrier, system });
    closers.push(() => void session.close());
    return session;
  };

  test("32 MiB go there and back unharmed, beside small messages", async () => {
    const session = await tunnel();
    const large = session.open(80);
    const small = session.open(80);
    const size = 32 * 1024 * 1024;
    const pattern = Buffer.from(
      Uint8Array.from({ length: 1_000_003 }, (_, index) => index * 7 + (index >>> 8)),
    );
    let sent = 0;
    const write = (): void => {
      while (sent < size) {
        const from = sent % pattern.length;
        const piece = pattern.subarray(from, Math.min(pattern.length, from + 70_000, from + size - sent));
        sent += piece.length;
        if (!large.write(piece)) {
          large.once("drain", write);
          return;
        }
      }
    };
    write();
    let got = 0;
    let same = true;
    let replies = 0;
    small.on("data", (piece: Buffer) => {
      replies += piece.length;
      small.write("x");
    });
    small.write("x");
    for await (const piece of large as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length;) {
        const from = got % pattern.length;
        const length = Math.min(piece.length - at, pattern.length - from);
        same &&= pattern.compare(piece, at, at + length, from, from + length) === 0;
        at += length;
        got += length;
      }
      if (got === size) break;
    }
    expect(got).toBe(size);
    expect(same).toBe(true);
    expect(replies).toBeGreaterThan(0);
  });

  test("TLS runs over a connection", async () => {
    const session = await tunnel();
    const secure = tls.connect({
      socket: session.open(443),
      ciphers: "PSK",
      maxVersion: "TLSv1.2",
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: Buffer.from("secret"), identity: "kauth" }),
    });
    secure.write("over TLS");
    const [data] = (await once(secure, "data")) as [Buffer];
    expect(data.toString()).toBe("over TLS");
    secure.destroy();
    await expect.poll(() => session.streams).toBe(0);
  });
});

test("a server that sends WebSocket pings and does not read has one pong waiting, for its last ping", async () => {
  const [near, far] = duplexPair();
  websocketWire({
    socket: near,
    head: Buffer.alloc(0),
    headroom: HEADROOM,
    role: "client",
    random: (size) => Buffer.alloc(size),
    owner: { bytes: () => undefined, closed: () => undefined },
  });
  await settle();
  const ping = (number: number): Buffer => {
    const frame = Buffer.alloc(127, "0");
    frame.writeUInt16BE(0x89_7d);
    frame.write(String(number).padStart(125, "0"), 2);
    return frame;
  };
  for (let number = 0; number < 5000; number += 1) far.write(ping(number));
  await settle();
  expect(near.writableLength).toBeLessThan(200_000);
  let text = "";
  far.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await settle();
  expect(text.endsWith("04999")).toBe(true);
});
