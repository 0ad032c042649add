import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import { WebSocketParser, closeFrame, continuationFrame, frameInPlace, mask, pongFrame } from "./frames.ts";

const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

const framed = (
  payload: Buffer,
  options: { readonly key?: Uint8Array; readonly final?: boolean } = {},
): Buffer => {
  const slab = Buffer.alloc(16 + payload.length);
  payload.copy(slab, 16);
  const start = frameInPlace(slab, 16, slab.length, { key: options.key, final: options.final ?? true });
  return Buffer.from(slab.subarray(start));
};

const reader = (masked: boolean) => {
  const seen = { payload: "", pings: [] as string[], closes: [] as number[] };
  const parser = new WebSocketParser(
    {
      payload: (piece) => {
        expect(piece.length).toBeGreaterThan(0);
        seen.payload += piece.toString("hex");
      },
      ping: (body) => seen.pings.push(body.toString()),
      close: (status) => seen.closes.push(status),
    },
    { masked },
  );
  return { parser, seen };
};

const PING_HI = Buffer.from("89026869", "hex");

/** RFC 6455 §5.7, as binary messages. */
test.each([
  { name: "unmasked", bytes: framed(Buffer.from("Hello")), hex: "820548656c6c6f" },
  { name: "masked", bytes: framed(Buffer.from("Hello"), { key: KEY }), hex: "828537fa213d7f9f4d5158" },
  { name: "masked pong", bytes: pongFrame(Buffer.from("Hello"), KEY), hex: "8a8537fa213d7f9f4d5158" },
  { name: "close", bytes: closeFrame(1000, undefined), hex: "880203e8" },
  { name: "the last, empty piece of a message", bytes: continuationFrame(), hex: "8000" },
])("$name frame", ({ bytes, hex }) => {
  expect(bytes.toString("hex")).toBe(hex);
});

test.each([
  { size: 0, header: 2 },
  { size: 125, header: 2 },
  { size: 126, header: 4 },
  { size: 65_535, header: 4 },
  { size: 65_536, header: 10 },
])("$size bytes of payload have a header of $header", ({ size, header }) => {
  const payload = Buffer.alloc(size, 7);
  expect(framed(payload).length).toBe(size + header);
  const { parser, seen } = reader(true);
  parser.push(framed(payload, { key: KEY }));
  expect(seen.payload).toBe(payload.toString("hex"));
});

test("masking four bytes at a time is masking one at a time", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat(9),
      fc.nat(3),
      (bytes, key, offset, phase) => {
        const fast = Buffer.alloc(offset + bytes.length);
        fast.set(bytes, offset);
        mask(fast, offset, fast.length, key, phase);
        const slow = bytes.map((byte, index) => byte ^ (key[(index + phase) & 3] ?? 0));
        expect(fast.subarray(offset).equals(slow)).toBe(true);
        expect(fast.subarray(0, offset).every((byte) => byte === 0)).toBe(true);
      },
    ),
  );
});

const anyMessage = fc
  .array(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: 4 },
  )
  .map((fragments) => ({
    payload: Buffer.concat(fragments),
    // The first piece is a binary frame, the others continuations, the last of them final; a PING in between.
    wire: (key: Uint8Array | undefined) =>
      Buffer.concat(
        fragments.flatMap((fragment, index) => {
          const frame = framed(fragment, {
            ...(key === undefined ? {} : { key }),
            final: index === fragments.length - 1,
          });
          if (index > 0) frame[0] = (frame[0] ?? 0) & 0x80;
          const ping = Buffer.from(PING_HI);
          return key === undefined ? [frame, ping] : [frame];
        }),
      ),
  }));

test.each([{ masked: false }, { masked: true }])(
  "however messages are fragmented and cut, the same bytes come out (masked: $masked)",
  ({ masked }) => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
        (messages, sizes) => {
          const wire = Buffer.concat(messages.map((message) => message.wire(masked ? KEY : undefined)));
          const { parser, seen } = reader(masked);
          let at = 0;
          for (let turn = 0; at < wire.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            parser.push(Buffer.from(wire.subarray(at, at + size)));
            at += size;
          }
          expect(seen.payload).toBe(Buffer.concat(messages.map(({ payload }) => payload)).toString("hex"));
          expect(seen.pings.every((body) => body === "hi")).toBe(true);
        },
      ),
    );
  },
);

describe("refused", () => {
  test.each([
    { name: "a masked frame from a server", masked: false, hex: "828537fa213d7f9f4d5158", says: "masked" },
    { name: "an unmasked frame from a client", masked: true, hex: "820548656c6c6f", says: "not masked" },
    { name: "text", masked: false, hex: "810548656c6c6f", says: "opcode 1" },
    { name: "a reserved bit", masked: false, hex: "c20548656c6c6f", says: "reserved" },
    { name: "a continuation of nothing", masked: false, hex: "8000", says: "continuation" },
    { name: "a message inside a message", masked: false, hex: "0201418201 42", says: "inside" },
    { name: "a fragmented ping", masked: false, hex: "0900", says: "control frame" },
    { name: "a long ping", masked: false, hex: "897e0080", says: "control frame" },
    { name: "a frame of 2^63 bytes", masked: false, hex: "827f8000000000000000", says: "frame of" },
  ])("$name", ({ masked, hex, says }) => {
    const push = (): void => reader(masked).parser.push(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    expect(push).toThrow(says);
    expect(push).toThrow(expect.objectContaining({ code: "TUNNEL_PROTOCOL" }));
  });

  test("a flood of empty frames, unless over many seconds", () => {
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from("8200", "hex")));
    const flood = (forgiving: boolean): void => {
      const { parser } = reader(false);
      for (let turn = 0; turn < 120; turn += 1) {
        parser.push(thousand);
        if (forgiving) parser.forgive();
      }
    };
    expect(() => flood(true)).not.toThrow();
    expect(() => flood(false)).toThrow("flood");
  });

  test("a flood of pings, also with bytes between them, unless over many seconds", () => {
    const thousand = Buffer.concat([
      ...Array.from({ length: 1000 }, () => PING_HI),
      framed(Buffer.from("x")),
    ]);
    const flood = (forgiving: boolean): void => {
      const { parser } = reader(false);
      for (let turn = 0; turn < 20; turn += 1) {
        parser.push(thousand);
        if (forgiving) parser.forgive();
      }
    };
    expect(() => flood(true)).not.toThrow();
    expect(() => flood(false)).toThrow("flood");
  });
});

test("after a close nothing is read", () => {
  const { parser, seen } = reader(false);
  parser.push(Buffer.concat([closeFrame(1001, undefined), framed(Buffer.from("late"))]));
  expect(seen).toEqual({ payload: "", pings: [], closes: [1001] });
});

test("arbitrary bytes give payload or a coded error, nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), fc.boolean(), (chunks, masked) => {
      const { parser } = reader(masked);
      try {
        for (const chunk of chunks) parser.push(Buffer.from(chunk));
      } catch (error) {
        expect(isKnownError(error, "TUNNEL_PROTOCOL")).toBe(true);
      }
    }),
  );
});
