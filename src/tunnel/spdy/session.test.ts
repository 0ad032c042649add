import http from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { KnownError } from "../../base/errors.ts";
import { all, clock, echo, failure, pair, settle, type App } from "../far-end.test-d.ts";
import type { Carrier } from "../types.ts";
import { dataFrame, goaway, ping, synStream } from "./frames.ts";
import { encodeHeaders } from "./headers.ts";
import { Session } from "./session.ts";

const greet: App = ({ stream }) => {
  stream.once("data", () => stream.end("hello"));
};

const read = async (stream: Duplex): Promise<string> => {
  await settle();
  return String(stream.read() ?? "");
};

describe.each<Carrier>(["spdy", "websocket"])("over %s", (carrier) => {
  test("bytes go there and back, on several connections at once", async () => {
    const { session, connections } = pair(carrier, echo);
    const streams = [1, 2, 3].map(() => session.open(8080));
    streams.forEach((stream, index) => stream.write(`hello ${index}`));
    expect(await Promise.all(streams.map(read))).toEqual(["hello 0", "hello 1", "hello 2"]);
    expect(connections.map(({ port }) => port)).toEqual([8080, 8080, 8080]);
    expect(session.streams).toBe(3);
  });

  test("both SYN_STREAMs and the first bytes leave in one write", async () => {
    const { session, far } = pair(carrier, echo);
    await settle();
    const writes: number[] = [];
    far.on("data", (chunk: Buffer) => writes.push(chunk.length));
    const stream = session.open(8080);
    stream.write("GET / HTTP/1.1\r\n", "latin1");
    await Promise.resolve();
    process.nextTick(() => stream.write(Buffer.from("\r\n")));
    await settle();
    expect(writes).toHaveLength(1);
    expect(writes[0]).toBeGreaterThanOrEqual(95 + 88 + 8 + 16 + 8 + 2);
  });

  test("a connection that writes nothing reaches the application all the same", async () => {
    const { session } = pair(carrier, ({ stream }) => stream.write("220 ready"));
    expect(await read(session.open(25))).toBe("220 ready");
  });

  test("the replies may come in any order", async () => {
    const { session } = pair(carrier, echo, { swappedReplies: true });
    const stream = session.open(8080);
    stream.write("x");
    expect(await read(stream)).toBe("x");
  });

  test("the other side's end comes a second late, and is an end", async () => {
    const { session, clock } = pair(carrier, greet);
    const stream = session.open(8080);
    stream.write("x");
    let text: string | undefined;
    void all(stream).then((given) => (text = given));
    await clock.advance(999);
    expect(text).toBeUndefined();
    await clock.advance(1);
    expect(text).toBe("hello");
    expect(stream.destroyed).toBe(true);
    expect(session.streams).toBe(0);
  });

  test("everything of a large transfer arrives, both ways", async () => {
    const { session } = pair(carrier, echo, { fragmented: true });
    const stream = session.open(8080);
    const sent = Buffer.allocUnsafe(3_000_001).map((_, index) => (index * 31) & 255);
    stream.end(sent);
    const got: Buffer[] = [];
    for await (const piece of stream) {
      got.push(piece as Buffer);
      if (got.reduce((sum, { length }) => sum + length, 0) === sent.length) break;
    }
    expect(Buffer.concat(got).equals(sent)).toBe(true);
  });

  test("http.Agent keeps using a connection", async () => {
    const serving = http.createServer((request, response) => response.end(`you asked ${request.url}`));
    const { session, connections } = pair(carrier, ({ stream }) => serving.emit("connection", stream));
    const agent = new http.Agent({ keepAlive: true });
    agent.createConnection = () => session.open(80);
    const get = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        http
          .get({ agent, path, host: "pod" }, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
            response.on("end", () => resolve(text));
          })
          .on("error", reject);
      });
    expect(await get("/1")).toBe("you asked /1");
    expect(await get("/2")).toBe("you asked /2");
    expect(connections).toHaveLength(1);
    agent.destroy();
    await settle();
    expect(session.streams).toBe(0);
  });

  test("garbage ends the tunnel with a coded error, and its connections too", async () => {
    const { session, far } = pair(carrier, echo);
    const failing = failure(session.open(8080));
    await settle();
    far.write("HTTP/1.1 502 Bad Gateway\r\n\r\nno such thing here");
    far.write(Buffer.from("800200010000", "hex"));
    far.write(Buffer.alloc(64, 0xff));
    expect(await session.closed).toMatchObject({ code: "TUNNEL_PROTOCOL" });
    expect(await failing).toMatchObject({ code: "TUNNEL_PROTOCOL" });
  });

  test("a socket that ends takes its connections along", async () => {
    const { session, far } = pair(carrier, echo);
    const failing = failure(session.open(8080));
    await settle();
    far.destroy();
    expect(await session.closed).toMatchObject({ code: "TUNNEL_LOST" });
    expect(await failing).toMatchObject({ code: "TUNNEL_LOST" });
    expect(session.usable).toBe(false);
  });

  test("close() says goodbye and ends both sides", async () => {
    const { session, server, clock } = pair(carrier, echo);
    const closing = session.close();
    await clock.advance(600);
    await closing;
    expect(await server.closed).toMatchObject({ code: "TUNNEL_LOST" });
  });
});

describe("life", () => {
  test("a server that answers nothing is given up within 12 seconds", async () => {
    const { session, clock } = pair("spdy", echo, { swallow: true });
    const failing = failure(session.open(8080));
    await clock.advance(12_000);
    expect(await failing).toMatchObject({ code: "TUNNEL_SILENT" });
    expect(clock.time).toBe(12_000);
  });

  test("one that answers lives on, idle or not", async () => {
    const { session, clock } = pair("websocket", echo);
    await clock.advance(600_000);
    expect(session.usable).toBe(true);
  });

  test("after the machine slept a dead tunnel shows within two or three seconds", async () => {
    const { session, clock, far } = pair("spdy", echo);
    await clock.advance(7000);
    far.pause();
    clock.suspend(3_600_000);
    await clock.advance(3000);
    expect(await session.closed).toMatchObject({ code: "TUNNEL_SILENT" });
  });

  test("GOAWAY: no new connections, two seconds for those that run", async () => {
    const { session, far, clock } = rawServer();
    const failing = failure(session.open(8080));
    await settle();
    far.write(goaway(3));
    await settle();
    expect(session.usable).toBe(false);
    await clock.advance(1000);
    const early = await Promise.race([failing.then(() => "failed"), settle().then(() => "runs")]);
    expect(early).toBe("runs");
    await clock.advance(2000);
    expect(await failing).toMatchObject({ code: "TUNNEL_LOST" });
  });

  test("a server that falls silent after its GOAWAY does not keep the tunnel", async () => {
    const { session, server, clock } = pair("websocket", echo, { silentAfterGoaway: true });
    const failing = failure(session.open(8080));
    await settle();
    server.goaway();
    expect(await failing).toMatchObject({ code: "PORT_RESET" });
    await clock.advance(100);
    expect(await session.closed).toMatchObject({ code: "TUNNEL_LOST" });
  });

  test("the server's own PINGs are echoed", async () => {
    const { far } = rawServer();
    const frames: Buffer[] = [];
    far.on("data", (chunk: Buffer) => frames.push(chunk));
    far.write(ping(2));
    await settle();
    expect(Buffer.concat(frames).equals(ping(2))).toBe(true);
  });

  test.each<Carrier>(["spdy", "websocket"])(
    "one that sends PINGs over %s and does not read makes nothing pile up, and is answered when it reads",
    async (carrier) => {
      const [near, far] = duplexPair();
      const time = clock();
      const session = new Session({ socket: near, head: Buffer.alloc(0), carrier, system: time.system });
      const stream = session.open(80);
      stream.on("error", () => undefined);
      for (let turn = 0; turn < 4; turn += 1) {
        const frames = Buffer.concat(Array.from({ length: 40_000 }, (_, index) => ping(2 + 2 * index)));
        const header = Buffer.alloc(carrier === "spdy" ? 0 : 10);
        if (carrier === "websocket") {
          header.writeUInt16BE(0x82_7f);
          header.writeUInt32BE(frames.length, 6);
        }
        far.write(Buffer.concat([header, frames]));
        await time.advance(1000);
      }
      let got = 0;
      const read: Buffer[] = [];
      far.on("data", (chunk: Buffer) => {
        got += chunk.length;
        read.push(chunk);
      });
      await time.advance(1000);
      expect(got).toBeGreaterThan(1_000_000);
      expect(got).toBeLessThan(1_400_000);
      expect(session.usable).toBe(true);
      if (carrier === "spdy") expect(Buffer.concat(read).includes(ping(80_000))).toBe(true);
      session.destroy(new KnownError("TUNNEL_LOST", "the test is over"));
    },
  );

  test("a PING that is overtaken by a later one means a stuck worker: no new connections", async () => {
    const { session, far, clock } = rawServer();
    await clock.advance(5000);
    expect(session.usable).toBe(true);
    await clock.advance(5000);
    session.open(80).on("error", () => undefined);
    far.write(ping(3));
    await settle();
    expect(session.usable).toBe(false);
    expect(session.retired).toBe(true);
  });

  test("a connection that moves a lot makes the tunnel crowded for as long as it does", async () => {
    const { session, clock } = pair("spdy", echo);
    const stream = session.open(8080);
    await clock.advance(1000);
    expect(session.crowded).toBe(false);
    stream.resume().write(Buffer.alloc(3_000_000));
    await clock.advance(300);
    expect(session.crowded).toBe(true);
    expect(stream.crowded).toBe(true);
    await clock.advance(2000);
    expect(session.crowded).toBe(false);
  });

  test("bytes for a stream that was never opened are no SPDY of ours", async () => {
    const { session, far } = rawServer();
    session.open(8080).on("error", () => undefined);
    far.write(dataFrame({ streamId: 5, payload: Buffer.from("x"), fin: false }));
    expect(await session.closed).toMatchObject({ code: "TUNNEL_PROTOCOL" });
  });

  test("a server that opens a stream is none", async () => {
    const { session, far } = rawServer();
    far.write(synStream({ streamId: 2, fin: false, block: encodeHeaders([], true) }));
    expect(await session.closed).toMatchObject({ code: "TUNNEL_PROTOCOL" });
  });
});

/** A tunnel whose far end is the test itself. */
function rawServer(): Pick<ReturnType<typeof pair>, "session" | "far" | "clock"> {
  return pair("spdy", echo, { swallow: true });
}
