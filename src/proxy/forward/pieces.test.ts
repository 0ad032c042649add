import { describe, expect, test } from "vitest";
import { dataPlane, GET, settle } from "../../../test/proxy/data-plane.ts";
import type { Narrow } from "../types.ts";

const NARROW: Narrow = {
  origin: "https://api.example",
  passes: new Set(),
  target: (target) => target,
  protocol: () => true,
  location: () => undefined,
};
const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const ITEM = "x".repeat(100);
const CHUNK = `64\r\n${ITEM}\r\n`;

/** Sizes of the chunks that the client got. */
const chunks = (text: string): readonly number[] =>
  [...text.matchAll(/\r\n([0-9a-f]+)\r\n(?=x|\r\n)/g)].map(([, size]) => Number.parseInt(size ?? "", 16));

const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

describe("a list of an API server", () => {
  test("that comes item by item leaves in a few writes", async () => {
    await using plane = dataPlane({ site: { narrow: NARROW }, pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(GET);
    for (let item = 0; item < 1_000; item += 1) {
      plane.streams[0]?.say(CHUNK);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    plane.streams[0]?.say("0\r\n\r\n");
    await settle();
    const sizes = chunks(client.text);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100_000);
    expect(sizes.length).toBeLessThan(500);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024 + 100);
  });

  test("is not kept back where no more of it comes", async () => {
    await using plane = dataPlane({ site: { narrow: NARROW }, pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(GET);
    await pause(20);
    expect(client.text).toMatch(/^HTTP\/1.1 200 /);
    plane.streams[0]?.say(CHUNK);
    await pause(20);
    expect(chunks(client.text)).toEqual([100]);
  });

  test("of a UI's own: each read is a write", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(GET);
    for (let item = 0; item < 10; item += 1) {
      plane.streams[0]?.say(CHUNK);
      await settle();
    }
    expect(chunks(client.text)).toEqual(Array.from({ length: 10 }, () => 100));
  });
});
