import { describe, expect, test } from "vitest";
import { request, settle, type DataPlane } from "../../../test/proxy/data-plane.ts";
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

/** One event of some 60 KiB. */
const large = (version: number): string => JSON.stringify({ v: version, pad: "x".repeat(60_000) });

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
});
