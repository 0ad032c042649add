import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { all, echo, failure, pair, settle, type App } from "../far-end.test-d.ts";
import { millis } from "../../base/units.ts";
import { dataFrame, rstStream } from "./frames.ts";
import type { PodStream } from "./stream.ts";

const PREFIX =
  "error forwarding port 1 to pod 0326, uid : failed to execute portforward in network namespace";
const REFUSED = `${PREFIX} "/var/run/netns/cni-1": failed to connect to localhost:1 inside namespace "0326", IPv4: dial tcp4 127.0.0.1:1: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found`;

const read = async (stream: Duplex): Promise<string> => {
  await settle();
  return String(stream.read() ?? "");
};

describe("the node's words", () => {
  test.each([
    { text: REFUSED, code: "PORT_REFUSED" },
    {
      text: `${PREFIX} "x": read tcp4 127.0.0.1:5->127.0.0.1:1: read: connection reset by peer`,
      code: "PORT_RESET",
    },
    { text: `${PREFIX} "x": write tcp4: write: broken pipe`, code: "PORT_RESET" },
    {
      text: 'error forwarding port 1 to pod 0, uid : failed to find sandbox "0" in store: not found',
      code: "POD_GONE",
    },
    { text: 'error forwarding: network namespace for sandbox "0326" is closed', code: "POD_GONE" },
    { text: "error forwarding port 1: sandbox 0326 is not running", code: "POD_GONE" },
    { text: "PodSandbox with ID starting with 0326 not found", code: "POD_GONE" },
    { text: "(conn=0xc0, request=7) timed out waiting for streams", code: "TUNNEL_PAIRING" },
    { text: "error processing stream for request 7: error stream already assigned", code: "TUNNEL_PAIRING" },
    { text: "error forwarding port 1 to pod 0, uid : something new", code: "PORT_FAILED" },
  ])("$code: $text", async ({ text, code }) => {
    for (const finOnError of [false, true]) {
      const { session } = pair("spdy", (connection) => connection.fail(text), { finOnError });
      const neighbour = session.open(1);
      const failing = failure(session.open(1));
      neighbour.on("error", () => undefined);
      expect(await failing).toMatchObject({ code });
      expect(session.usable).toBe(code !== "POD_GONE");
    }
  });

  test("a failed connection leaves its neighbours and the tunnel alone", async () => {
    const { session } = pair("spdy", (connection) => {
      if (connection.port === 1) connection.fail(REFUSED);
      else echo(connection);
    });
    const good = session.open(80);
    for (let turn = 0; turn < 100; turn += 1) {
      const bad = session.open(1);
      bad.write("GET / HTTP/1.1\r\n\r\n");
      expect(await failure(bad)).toMatchObject({ code: "PORT_REFUSED" });
      good.write(`${turn}`);
      expect(await read(good)).toBe(`${turn}`);
    }
    expect(session.usable).toBe(true);
    expect(session.streams).toBe(1);
  });

  test("an old server's refusal blocks a worker, so that new connections go elsewhere and running ones end in peace", async () => {
    const { session, clock } = pair(
      "spdy",
      (connection) => (connection.port === 1 ? connection.fail(REFUSED) : echo(connection)),
      { finOnError: true },
    );
    const good = session.open(80);
    const silent = session.open(1);
    await failure(silent);
    expect(session.usable).toBe(true);
    const bad = session.open(1);
    bad.write("sent and never read");
    await failure(bad);
    expect(session.usable).toBe(false);
    expect(good.crowded).toBe(true);
    good.write("still here");
    expect(await read(good)).toBe("still here");
    good.destroy();
    await clock.advance(600);
    expect(await session.closed).toMatchObject({ code: "TUNNEL_LOST" });
    expect(session.retired).toBe(true);
  });

  test("an end without a byte waits for the error stream before it is an end", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    let ended = false;
    stream.on("end", () => (ended = true)).resume();
    far.write(dataFrame({ streamId: 3, payload: Buffer.alloc(0), fin: true }));
    await settle();
    expect(ended).toBe(false);
    const failing = failure(stream);
    far.write(dataFrame({ streamId: 1, payload: Buffer.from(REFUSED), fin: false }));
    far.write(rstStream(1, 5));
    expect(await failing).toMatchObject({ code: "PORT_REFUSED" });
    expect(ended).toBe(false);
  });

  test("bytes, an end and then the word of a reset are no clean end", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    let ended = false;
    stream.on("end", () => (ended = true));
    const failing = failure(stream);
    far.write(dataFrame({ streamId: 3, payload: Buffer.from("half an ans"), fin: true }));
    await settle();
    far.write(dataFrame({ streamId: 1, payload: Buffer.from("read: connection reset by peer"), fin: true }));
    expect(await failing).toMatchObject({ code: "PORT_RESET" });
    expect(ended).toBe(false);
  });

  test.each([
    {
      name: "a text without an end",
      frames: [dataFrame({ streamId: 1, payload: Buffer.from("timed out waiting for streams"), fin: false })],
      code: "TUNNEL_PAIRING",
    },
    {
      name: "an end of the data stream alone",
      frames: [dataFrame({ streamId: 3, payload: Buffer.from("x"), fin: true })],
      code: "PORT_FAILED",
    },
  ])("$name fails the connection after some seconds", async ({ frames, code }) => {
    const { session, far, clock } = rawServer();
    const failing = failure(session.open(8080));
    for (const frame of frames) far.write(frame);
    await clock.advance(4000);
    expect(await failing).toMatchObject({ code });
    expect(session.usable).toBe(true);
  });

  test("a reset of the data stream is a reset", async () => {
    const { session, far } = rawServer();
    const failing = failure(session.open(8080));
    far.write(rstStream(3, 5));
    expect(await failing).toMatchObject({ code: "PORT_RESET" });
  });

  test("only the beginning of an endless text is kept", async () => {
    const { session, far } = rawServer();
    const failing = failure(session.open(8080));
    for (let turn = 0; turn < 100; turn += 1) {
      far.write(dataFrame({ streamId: 1, payload: Buffer.alloc(10_000, "x"), fin: turn === 99 }));
    }
    const error = await failing;
    expect((error.cause as Error).message.length).toBe(4096);
    expect(error.message.length).toBeLessThan(400);
  });
});

describe("ends", () => {
  /** What the far end reads of the client's frames, in hex. */
  const sentBy = async (
    act: (stream: PodStream) => void | Promise<void>,
    halfClose = false,
  ): Promise<string> => {
    const { session, far } = rawServer();
    const stream = session.open(8080, { halfClose });
    stream.on("error", () => undefined);
    await settle();
    const frames: Buffer[] = [];
    far.on("data", (chunk: Buffer) => frames.push(chunk));
    await act(stream);
    await settle();
    return Buffer.concat(frames).toString("hex");
  };
  const FIN = "0000000301000000";
  const RST = "80030003000000080000000300000005";

  test("end() holds FIN back, for it would start containerd's clock", async () => {
    expect(await sentBy((stream) => void stream.end())).toBe("");
  });

  test("end() sends FIN where it is asked for", async () => {
    expect(await sentBy((stream) => void stream.end(), true)).toBe(FIN);
  });

  test("FIN goes out once the other side has ended", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    stream.end("x");
    await settle();
    const frames: Buffer[] = [];
    far.on("data", (chunk: Buffer) => frames.push(chunk));
    far.write(dataFrame({ streamId: 3, payload: Buffer.from("y"), fin: true }));
    far.write(dataFrame({ streamId: 1, payload: Buffer.alloc(0), fin: true }));
    expect(await all(stream)).toBe("y");
    await settle();
    expect(Buffer.concat(frames).toString("hex")).toBe(FIN);
  });

  test("destroy() resets the connection", async () => {
    expect(await sentBy((stream) => void stream.destroy())).toBe(RST);
  });

  test("destroySoon() lets go of what was written and resets then", async () => {
    expect(
      await sentBy((stream) => {
        stream.write("x");
        stream.destroySoon();
      }),
    ).toBe(`000000030000000178${RST}`);
  });

  test("what comes after a reset is ignored", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    const other = session.open(8080);
    await settle();
    let late = 0;
    stream.on("data", () => (late += 1)).destroy();
    for (let turn = 0; turn < 100; turn += 1) {
      far.write(dataFrame({ streamId: 3, payload: Buffer.alloc(65_536), fin: false }));
    }
    far.write(dataFrame({ streamId: 7, payload: Buffer.from("mine"), fin: false }));
    expect(await read(other)).toBe("mine");
    expect(late).toBe(0);
    expect(session.usable).toBe(true);
  });

  test("a cancelled transfer that goes on ends a tunnel that nobody else uses", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    await settle();
    stream.destroy();
    for (let turn = 0; turn < 20; turn += 1) {
      far.write(dataFrame({ streamId: 3, payload: Buffer.alloc(65_536), fin: false }));
    }
    expect(await session.closed).toMatchObject({ code: "TUNNEL_LOST" });
  });
});

test("a connection that fails while nobody listens does not end the process", async () => {
  const { session, far } = rawServer();
  const stream = session.open(8080);
  far.destroy();
  await settle();
  expect(stream.errored).toMatchObject({ code: "TUNNEL_LOST" });
});

describe("back-pressure", () => {
  test("a producer waits while the socket takes nothing, and goes on when it does", async () => {
    const { session, far, connections } = pair("spdy", echo);
    await settle();
    far.pause();
    const stream = session.open(8080);
    stream.resume();
    let written = 0;
    const chunk = Buffer.alloc(65_536);
    while (stream.write(chunk) && written < 100_000_000) written += chunk.length;
    expect(written).toBeLessThan(3_000_000);
    await settle();
    expect(stream.writableNeedDrain).toBe(true);
    far.resume();
    await new Promise((resolve) => stream.once("drain", resolve));
    expect(connections).toHaveLength(1);
  });

  test.each([
    { name: "alone on its tunnel", neighbours: 0, most: 3_000_000 },
    { name: "beside others", neighbours: 1, most: 7_000_000 },
  ])("a connection that is not read, $name, stops the source", async ({ neighbours, most }) => {
    let sent = 0;
    const flood: App = ({ stream }) => {
      stream.on("error", () => undefined);
      const more = (): void => {
        while (sent < 60_000_000) {
          sent += 65_536;
          if (!stream.write(Buffer.alloc(65_536))) {
            stream.once("drain", more);
            return;
          }
        }
      };
      more();
    };
    const { session, clock } = pair(
      "spdy",
      (connection) => (connection.port === 1 ? flood : echo)(connection),
      {
        lateFin: millis(0),
      },
    );
    for (let turn = 0; turn < neighbours; turn += 1) session.open(80);
    const slow = session.open(1);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    expect(slow.readableLength).toBeLessThan(most);
    expect(sent).toBeLessThan(most + 3_000_000);
    expect(session.crowded).toBe(true);
    // What we stopped ourselves is not dead.
    await clock.advance(60_000);
    expect(session.streams).toBe(neighbours + 1);
    let got = 0;
    slow.on("data", (piece: Buffer) => (got += piece.length));
    while (got < sent) await settle();
    expect(got).toBeGreaterThanOrEqual(60_000_000);
    await clock.advance(2000);
    expect(session.crowded).toBe(false);
  });

  test("tiny unread pieces of large reads do not keep the reads", async () => {
    const { session, far } = rawServer();
    const stream = session.open(8080);
    session.open(8080).destroy();
    session.open(8080);
    await settle();
    const padding = dataFrame({ streamId: 7, payload: Buffer.alloc(60_000), fin: false });
    for (let turn = 0; turn < 50; turn += 1) {
      far.write(
        Buffer.concat([padding, dataFrame({ streamId: 3, payload: Buffer.from([turn]), fin: false })]),
      );
    }
    await settle();
    expect(stream.readableLength).toBe(50);
    const kept = new Set<ArrayBufferLike>();
    stream.on("data", (piece: Buffer) => kept.add(piece.buffer));
    await settle();
    expect(kept.size).toBeLessThan(4);
  });
});

/** A tunnel whose far end is the test itself. */
function rawServer(): Pick<ReturnType<typeof pair>, "session" | "far" | "clock"> {
  return pair("spdy", echo, { swallow: true });
}
