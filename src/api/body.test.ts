import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBody, readBody, readLines } from "./body.ts";

const SERVER = "https://cluster.test";
const MiB = 1024 * 1024;
const never = new AbortController().signal;

/** What the two readers use of a message is that it can be iterated. */
const message = (pieces: Iterable<Buffer> | AsyncIterable<Buffer>): IncomingMessage =>
  Readable.from(pieces, { objectMode: true }) as IncomingMessage;

/** Cut at these places. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
};

const linesOf = async (pieces: Iterable<Buffer>): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const line of readLines(message(pieces), SERVER, never)) found.push(line);
  return found;
};

async function* endless(piece: Buffer, counted: { count: number }): AsyncGenerator<Buffer> {
  for (;;) {
    counted.count += 1;
    yield await Promise.resolve(piece);
  }
}

async function* broken(first: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(first));
  throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}

describe("a whole body", () => {
  test("is the same however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.array(fc.nat()), async (text, places) => {
        const pieces = cut(Buffer.from(text), places);
        expect(await readBody(message(pieces), SERVER, never)).toBe(text);
      }),
    );
  });

  test("without an end is given up at 32 MiB", async () => {
    const counted = { count: 0 };
    const endlessly = message(endless(Buffer.alloc(MiB), counted));
    await expect(readBody(endlessly, SERVER, never)).rejects.toMatchObject({ code: "API_FAILED" });
    expect(counted.count).toBeLessThan(64);
    expect(endlessly.destroyed).toBe(true);
  });

  test("that breaks off is a lost connection, not a short answer", async () => {
    await expect(readBody(message(broken('{"items":[')), SERVER, never)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
  });

  test("that breaks off because nobody wants it any more has the reason of that", async () => {
    const reason = new Error("enough");
    await expect(readBody(message(broken("{")), SERVER, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

test.each([
  ["JSON", '{"a":1}', { a: 1 }],
  ["text", "upstream connect error", "upstream connect error"],
  ["half of JSON", '{"a":', '{"a":'],
  ["nothing", "", ""],
  ["a page", "<html></html>", "<html></html>"],
])("a body of %s", (_name, text, wanted) => {
  expect(parseBody(text)).toEqual(wanted);
});

describe("lines", () => {
  test("are the same however they are cut", async () => {
    const values = fc.array(fc.record({ text: fc.string({ unit: "grapheme" }), value: fc.jsonValue() }));
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat(), { maxLength: 50 }), async (wanted, places) => {
        const body = Buffer.from(wanted.map((value) => `${JSON.stringify(value)}\n`).join(""));
        expect(JSON.stringify(await linesOf(cut(body, places)))).toBe(JSON.stringify(wanted));
      }),
    );
  });

  test("come as soon as they are whole, byte by byte", async () => {
    const bytes = [...Buffer.from('{"a":"ü"}\n{"a":2}\n')].map((byte) => Buffer.from([byte]));
    expect(await linesOf(bytes)).toEqual([{ a: "ü" }, { a: 2 }]);
  });

  test.each([
    ["empty lines", "\n\n \r\n{}\n\n", [{}]],
    ["line ends of two bytes", '{"a":1}\r\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
    ["a last line that is cut off", '{"a":1}\n{"a":', [{ a: 1 }]],
    ["a last line without its end, which may be cut off as well", '{"a":1}\n{"a":2}', [{ a: 1 }]],
    ["nothing", "", []],
  ])("%s", async (_name, text, wanted) => {
    expect(await linesOf([Buffer.from(text)])).toEqual(wanted);
  });

  test("that are no JSON end it, after those before", async () => {
    const found: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const line of readLines(message([Buffer.from("{}\n<html>\n{}\n")]), SERVER, never))
        found.push(line);
    };
    await expect(reading()).rejects.toMatchObject({ code: "API_FAILED" });
    expect(found).toEqual([{}]);
  });

  test("are never longer than 4 MiB", async () => {
    const counted = { count: 0 };
    const endlessly = message(endless(Buffer.alloc(MiB, "x"), counted));
    const reading = async (): Promise<void> => {
      for await (const line of readLines(endlessly, SERVER, never)) expect(line).toBeUndefined();
    };
    await expect(reading()).rejects.toMatchObject({ code: "API_FAILED" });
    expect(counted.count).toBeLessThan(32);
    expect(endlessly.destroyed).toBe(true);
  });

  test("may be many: only one is held", async () => {
    const line = `${JSON.stringify("x".repeat(MiB - 3))}\n`;
    expect(await linesOf(Array.from({ length: 8 }, () => Buffer.from(line)))).toHaveLength(8);
  });

  test("that break off are a lost connection", async () => {
    const reading = async (): Promise<void> => {
      for await (const line of readLines(message(broken("{}\n{")), SERVER, never)) expect(line).toEqual({});
    };
    await expect(reading()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});
