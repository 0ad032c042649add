import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { dataPlane, GET, request, settle, type DataPlane } from "../../../test/proxy/data-plane.ts";
import { EVENTS, GOOD, textOf, watchPlane } from "../../../test/proxy/watched.ts";

const MIB = 1024 * 1024;
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const GET_EVENTS = request("GET /events?from=5");

const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 100) {
    plane.advance(Math.min(100, left));
    await settle();
  }
};

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory of buffers that is still in use. */
const inUse = async (): Promise<number> => {
  for (let turn = 0; turn < 2; turn += 1) {
    collect();
    await settle();
  }
  return process.memoryUsage().arrayBuffers;
};

/** One event of some 60 KiB. */
const large = (version: number): string => JSON.stringify({ v: version, pad: "x".repeat(60_000) });

/** 7,500 bytes of a body, each in a chunk with a long extension, cost little more than themselves. */
const keptFew = async (plane: DataPlane): Promise<void> => {
  const before = await inUse();
  const pieces = `1;${"e".repeat(4_000)}\r\nx\r\n`.repeat(15);
  for (let sent = 0; sent < 500; sent += 1) {
    plane.streams[0]?.say(pieces);
    await settle();
  }
  expect((await inUse()) - before).toBeLessThan(4 * MIB);
  plane.streams[0]?.say("0\r\n\r\n");
  await settle();
};

describe("what a UI says in watches does not fill the memory", () => {
  test("a page that does not read its lines gets no more of them from the next upstream", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) => {
        const line = `${large(turn + 6)}\n`;
        stream.say(`${HEAD}${line.length.toString(16)}\r\n${line}\r\n0\r\n\r\n`);
      },
    });
    const near = plane.connect();
    near.write(GET_EVENTS);
    await pass(plane, 120_000);
    expect(plane.streams.length).toBeLessThan(4);
    let heard = "";
    near.on("data", (part: Buffer) => (heard += part.toString("latin1")));
    await pass(plane, 10_000);
    // Once it reads, it goes on where it was.
    expect(plane.streams.length).toBeGreaterThan(4);
    expect([...heard.matchAll(/"v":(\d+)/g)].slice(0, 5).map(([, version]) => Number(version))).toEqual([
      6, 7, 8, 9, 10,
    ]);
  });

  test("nor does one that does not read its messages", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) =>
        stream.say(Buffer.concat([Buffer.from(GOOD), textOf(large(turn + 6)), Buffer.from([0x88, 0])])),
    });
    const near = plane.connect();
    near.write(EVENTS(5));
    await pass(plane, 120_000);
    expect(plane.streams.length).toBeLessThan(4);
    near.resume();
    await pass(plane, 10_000);
    expect(plane.streams.length).toBeGreaterThan(4);
  });

  test("single bytes of a message do not keep the pings that came with them", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    near.write(EVENTS(5));
    await settle();
    near.resume();
    const ping = Buffer.concat([Buffer.from([0x89, 125]), Buffer.alloc(125)]);
    const pings = Buffer.concat(Array.from({ length: 500 }, () => ping));
    plane.streams[0]?.say(textOf("{", false));
    const before = await inUse();
    for (let sent = 0; sent < 500; sent += 1) {
      plane.streams[0]?.say(Buffer.concat([textOf(" ", false, 0), pings]));
      await settle();
    }
    expect((await inUse()) - before).toBeLessThan(4 * MIB);
  });

  test.each(["messages", "lines"])("halves of %s in many watches are kept up to a limit", async (kind) => {
    const socket = kind === "messages";
    await using plane = watchPlane({
      pod: (stream) => stream.say(socket ? GOOD : `${HEAD}${(15 * MIB).toString(16)}\r\n`),
    });
    let handed = 0;
    const watches = 9;
    for (let watch = 0; watch < watches; watch += 1) {
      const near = plane.connect();
      near.on("data", (part: Buffer) => (handed += part.length));
      near.write(socket ? EVENTS(5) : GET_EVENTS);
      await settle();
      const stream = plane.streams.at(-1);
      if (socket) stream?.say(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0xf0, 0, 0]));
      for (let sent = 0; sent < 12; sent += 1) {
        stream?.say(Buffer.alloc(MIB, " "));
        await settle();
      }
    }
    const kept = watches * 12 * MIB - handed;
    expect(kept).toBeGreaterThan(48 * MIB);
    expect(kept).toBeLessThan(66 * MIB);
  });

  test("what has ended makes room again", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    for (let watch = 0; watch < 9; watch += 1) {
      const client = await plane.ask(EVENTS(5));
      const before = client.text.length;
      plane.streams.at(-1)?.say(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0xf0, 0, 0]));
      for (let sent = 0; sent < 12; sent += 1) plane.streams.at(-1)?.say(Buffer.alloc(MIB, " "));
      await settle();
      expect(client.text.length).toBe(before);
      client.leave();
      await settle();
    }
  });

  test("single bytes of an answer that is looked into do not keep what came around them", async () => {
    await using plane = dataPlane({
      site: { hooks: { refused: () => "look", refusedIn: () => false } },
      pod: (stream) => stream.say("HTTP/1.1 401 x\r\nTransfer-Encoding: chunked\r\n\r\n"),
    });
    const client = await plane.ask(GET);
    await keptFew(plane);
    expect(client.text.replaceAll(/[^x]/g, "").length).toBeGreaterThanOrEqual(7_500);
  });

  test.each([
    ["lines", `10000\r\n${"\n".repeat(65_536)}\r\n`],
    ["chunks", "1\r\n\n\r\n".repeat(10_000)],
  ])("empty %s that come together are one write", async (_kind, bytes) => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(GET_EVENTS);
    const before = client.text.length;
    plane.streams[0]?.say(bytes);
    await settle();
    const got = client.text.slice(before);
    expect(got.match(/[0-9a-f]+\r\n/g)?.length).toBeLessThan(20);
    expect(got.replaceAll(/[0-9a-f]*\r\n/g, "")).toMatch(/^\n{10000,65536}$/);
  });

  test("events of several records of one read are one write", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(GET_EVENTS);
    const before = client.text.length;
    for (let record = 0; record < 20; record += 1) plane.streams[0]?.say("1\r\n\n\r\n");
    await settle();
    expect(client.text.slice(before)).toBe(`14\r\n${"\n".repeat(20)}\r\n`);
  });

  test("single bytes of a refusal of a WebSocket do not keep what came around them", async () => {
    await using plane = watchPlane({
      pod: (stream) => stream.say("HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n"),
    });
    const client = await plane.ask(EVENTS(5));
    await keptFew(plane);
    expect(client.text.endsWith(`\r\n\r\n${"x".repeat(7_500)}`)).toBe(true);
  });
});
