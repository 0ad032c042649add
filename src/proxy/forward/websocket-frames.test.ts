import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closeFrame, FrameReader, SERVICE_RESTART, textFrame, type Frame } from "./websocket-frames.ts";

interface Read {
  readonly reader: FrameReader;
  readonly frames: { readonly frame: Frame; readonly bytes: Buffer; readonly payload: Buffer }[];
}

const reading = (): Read => {
  const frames: Read["frames"] = [];
  let bytes: Buffer[] = [];
  let payload: Buffer[] = [];
  const reader = new FrameReader({
    piece: (piece, frame, { header, end }) => {
      bytes.push(piece);
      if (!header) payload.push(piece);
      if (!end) return;
      frames.push({ frame, bytes: Buffer.concat(bytes), payload: Buffer.concat(payload) });
      bytes = [];
      payload = [];
    },
  });
  return { reader, frames };
};

/** A frame as anybody may write it. */
const frameOf = (opcode: number, payload: Buffer, fin = true, mask?: Buffer): Buffer => {
  const size = payload.length;
  const long =
    size < 126
      ? [size]
      : size < 65_536
        ? [126, size >> 8, size & 255]
        : [127, 0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255];
  long[0] = (long[0] ?? 0) | (mask === undefined ? 0 : 0x80);
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, ...long]), mask ?? Buffer.alloc(0), payload]);
};

/** Messages in any fragments, with control frames between them. */
const traffic = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("message" as const),
      opcode: fc.constantFrom(1, 2),
      parts: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant("control" as const),
      opcode: fc.constantFrom(9, 10),
      parts: fc.tuple(fc.uint8Array({ maxLength: 125 })),
    }),
    fc.record({
      kind: fc.constant("message" as const),
      opcode: fc.constant(2),
      parts: fc.tuple(fc.constantFrom(125, 126, 65_535, 65_536).map((size) => new Uint8Array(size))),
    }),
  ),
  { maxLength: 6 },
);

test("property: every frame arrives with its bytes, however they are cut, and only borders are borders", () => {
  fc.assert(
    fc.property(
      traffic,
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      (list, masked, cuts) => {
        const mask = masked ? Buffer.from([1, 2, 3, 4]) : undefined;
        const wanted = list.flatMap(({ kind, opcode, parts }) =>
          parts.map((part, at) =>
            frameOf(
              kind === "control" || at === 0 ? opcode : 0,
              Buffer.from(part),
              at === parts.length - 1,
              mask,
            ),
          ),
        );
        const all = Buffer.concat(wanted);
        const borders = new Set(
          wanted.reduce<number[]>((ends, bytes) => [...ends, (ends.at(-1) ?? 0) + bytes.length], [0]),
        );
        const { reader, frames } = reading();
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          reader.push(all.subarray(at, at + size));
          at = Math.min(all.length, at + size);
          expect(reader.atBorder).toBe(borders.has(at));
        }
        expect(frames.map(({ bytes }) => bytes.toString("hex"))).toEqual(
          wanted.map((bytes) => bytes.toString("hex")),
        );
        expect(reader.broken).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});

describe("what is no frame ends the reading", () => {
  test.each([
    ["an opcode that nobody has", [0x83, 0]],
    ["a control frame of another opcode", [0x8b, 0]],
    ["a control frame in pieces", [0x09, 0]],
    ["a long control frame", [0x89, 126, 0, 126]],
    ["a continuation of nothing", [0x80, 0]],
    ["a message inside a message", [0x01, 0, 0x81, 0]],
    ["a length beyond all numbers", [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ["HTTP", [...Buffer.from("HTTP/1.1 200 OK\r\n")]],
  ])("%s", (_name, bytes) => {
    const { reader, frames } = reading();
    reader.push(Buffer.from(bytes));
    reader.push(Buffer.from([0x81, 0]));
    expect(reader.broken).toBe(true);
    expect(reader.atBorder).toBe(false);
    expect(frames.length).toBeLessThanOrEqual(1);
  });

  test("property: any bytes are read without a throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
        const { reader } = reading();
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      }),
      { numRuns: 1_000 },
    );
  });
});

test("our own frames are frames", () => {
  const { reader, frames } = reading();
  reader.push(textFrame("é"));
  reader.push(textFrame("x".repeat(500)));
  reader.push(closeFrame(SERVICE_RESTART, "why"));
  expect(frames.map(({ frame, payload }) => [frame.opcode, payload.toString()])).toEqual([
    [1, "é"],
    [1, "x".repeat(500)],
    [8, "\x03\uFFFDwhy"],
  ]);
  expect(frames.at(-1)?.payload.readUInt16BE(0)).toBe(1012);
  expect(reader.closed).toBe(true);
});
