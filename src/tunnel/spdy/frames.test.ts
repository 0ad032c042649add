import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import {
  CANCEL,
  FrameParser,
  SYN_REPLY,
  SYN_STREAM,
  dataFrame,
  goaway,
  ping,
  rstStream,
  synReply,
  synStream,
} from "./frames.ts";
import { FIRST_EMPTY_BLOCK, LATER_EMPTY_BLOCK, decodeHeaders, encodeHeaders } from "./headers.ts";

type Seen =
  | { readonly data: number; readonly payload: string; readonly fin: boolean }
  | { readonly control: number; readonly flags: number; readonly payload: string };

/** Frames as the sink sees them, with the pieces of one DATA frame's stream joined. */
const reader = (): { readonly parser: FrameParser; readonly seen: Seen[] } => {
  const seen: Seen[] = [];
  let open: { data: number; payload: string; fin: boolean } | undefined;
  const parser = new FrameParser({
    data: (data, piece, fin) => {
      if (open === undefined || open.data !== data || open.fin) {
        open = { data, payload: "", fin: false };
        seen.push(open);
      }
      open.payload += piece.toString("hex");
      open.fin = fin;
    },
    control: (control, flags, payload) => {
      open = undefined;
      seen.push({ control, flags, payload: payload.toString("hex") });
    },
  });
  return { parser, seen };
};

const headers = (kind: string) =>
  [
    ["streamtype", kind],
    ["port", "8080"],
    ["requestid", "0"],
  ] as const;

/** tunnel.md §1.2, accepted by the real server. */
const VECTORS = [
  {
    name: "SYN_STREAM of the error stream, the connection's first block",
    hex: "800300010100005700000001000000000000 78f9e3c6a7c2003d00c2ff00000003 0000000a73747265616d74797065 000000056572726f72 00000004706f7274 0000000438303830 00000009726571756573746964 0000000130 000000ffff",
    frame: () => synStream({ streamId: 1, fin: true, block: encodeHeaders(headers("error"), true) }),
    size: 95,
  },
  {
    name: "SYN_STREAM of the data stream",
    hex: "800300010000005000000003000000000000 003c00c3ff00000003 0000000a73747265616d74797065 0000000464617461 00000004706f7274 0000000438303830 00000009726571756573746964 0000000130 000000ffff",
    frame: () => synStream({ streamId: 3, fin: false, block: encodeHeaders(headers("data"), false) }),
    size: 88,
  },
  {
    name: "first SYN_REPLY",
    hex: "80030002 00000014 00000003 78f9e3c6a7c26260606000000000ffff",
    frame: () => synReply({ streamId: 3, block: FIRST_EMPTY_BLOCK }),
    size: 28,
  },
  {
    name: "later SYN_REPLY",
    hex: "80030002 0000000c 00000001 026100000000ffff",
    frame: () => synReply({ streamId: 1, block: LATER_EMPTY_BLOCK }),
    size: 20,
  },
  {
    name: "DATA",
    hex: "00000003 00000002 6869",
    frame: () => dataFrame({ streamId: 3, payload: Buffer.from("hi"), fin: false }),
    size: 10,
  },
  {
    name: "DATA with FIN",
    hex: "00000003 01000000",
    frame: () => dataFrame({ streamId: 3, payload: Buffer.alloc(0), fin: true }),
    size: 8,
  },
  { name: "RST", hex: "80030003 00000008 00000003 00000005", frame: () => rstStream(3, CANCEL), size: 16 },
  { name: "PING", hex: "80030006 00000004 00000001", frame: () => ping(1), size: 12 },
  { name: "GOAWAY", hex: "80030007 00000008 00000000 00000000", frame: () => goaway(0), size: 16 },
];

describe("vectors", () => {
  test.each(VECTORS)("$name is written so", ({ hex, frame, size }) => {
    expect(frame().toString("hex")).toBe(hex.replaceAll(" ", ""));
    expect(frame().length).toBe(size);
  });

  test("and read so", () => {
    const { parser, seen } = reader();
    for (const { hex } of VECTORS) parser.push(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    expect(
      seen.map((one) => ("control" in one ? `${one.control}/${one.flags}` : `data ${one.data}`)),
    ).toEqual(["1/1", "1/0", "2/0", "2/0", "data 3", "3/0", "6/0", "7/0"]);
    expect(seen[4]).toEqual({ data: 3, payload: "6869", fin: true });
    const [first, second] = seen;
    for (const [seenFrame, kind] of [
      [first, "error"],
      [second, "data"],
    ] as const) {
      if (seenFrame === undefined || !("control" in seenFrame)) throw new Error("no SYN_STREAM was read");
      expect(seenFrame.control).toBe(SYN_STREAM);
      const block = Buffer.from(seenFrame.payload, "hex").subarray(10);
      expect([...decodeHeaders(block)]).toEqual(headers(kind));
    }
  });
});

const anyFrame = fc.oneof(
  fc
    .record({
      streamId: fc.integer({ min: 1, max: 0x7fff_ffff }),
      payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fin: fc.boolean(),
    })
    .map(dataFrame),
  fc.nat(0xffff).map((id) => ping(id)),
  fc.tuple(fc.integer({ min: 1, max: 0x7fff_ffff }), fc.nat(11)).map(([id, status]) => rstStream(id, status)),
  fc.integer({ min: 1, max: 99 }).map((id) => synReply({ streamId: id, block: LATER_EMPTY_BLOCK })),
);

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
};

test("however the bytes are cut, the same frames come out", () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 }),
      (frames, sizes) => {
        const bytes = Buffer.concat(frames);
        const whole = reader();
        whole.parser.push(bytes);
        const pieces = reader();
        for (const piece of cut(bytes, sizes)) pieces.parser.push(piece);
        expect(pieces.seen).toEqual(whole.seen);
      },
    ),
  );
});

test("a payload reaches its reader without a copy", () => {
  const chunk = dataFrame({ streamId: 3, payload: Buffer.alloc(1000), fin: false });
  let shared: ArrayBufferLike | undefined;
  new FrameParser({ data: (_id, piece) => (shared = piece.buffer), control: () => undefined }).push(chunk);
  expect(shared).toBe(chunk.buffer);
});

test.each([
  { name: "another version", hex: "8002000600000004 00000001", says: "version 2" },
  { name: "an HTTP answer", hex: Buffer.from("HTTP/1.1 400 Bad").toString("hex"), says: undefined },
  { name: "DATA for stream 0", hex: "0000000000000001 00", says: "stream 0" },
  { name: "control type 0", hex: "8003000000000000", says: "type 0" },
  { name: "a control frame of 16 MiB", hex: "8003000200ffffff", says: "16777215 bytes" },
])("$name is refused or harmless", ({ hex, says }) => {
  const push = (): void => reader().parser.push(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  if (says === undefined) {
    push();
    return;
  }
  expect(push).toThrow(says);
  expect(push).toThrow(expect.objectContaining({ code: "TUNNEL_PROTOCOL" }));
});

test("a flood of empty frames is refused, the same number over many seconds is not", () => {
  const thousand = Buffer.concat(Array.from({ length: 1000 }, () => ping(2)));
  const flood = (forgiving: boolean): void => {
    const { parser } = reader();
    for (let turn = 0; turn < 60; turn += 1) {
      parser.push(thousand);
      if (forgiving) parser.forgive();
    }
  };
  expect(() => flood(true)).not.toThrow();
  expect(() => flood(false)).toThrow("flood");
});

test("bytes of a stream do not make up for a flood of control frames", () => {
  const some = Buffer.concat([
    ...Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? ping(2) : rstStream(99, CANCEL))),
    dataFrame({ streamId: 3, payload: Buffer.from("x"), fin: false }),
  ]);
  const { parser } = reader();
  expect(() => {
    for (let turn = 0; turn < 60; turn += 1) parser.push(some);
  }).toThrow("flood");
});

test("arbitrary bytes give frames or a coded error, nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
      const { parser } = reader();
      try {
        for (const chunk of chunks) parser.push(Buffer.from(chunk));
      } catch (error) {
        expect(isKnownError(error, "TUNNEL_PROTOCOL")).toBe(true);
      }
    }),
  );
});

test("nothing is read after stop(), not even from the same chunk", () => {
  const seen: number[] = [];
  const parser: FrameParser = new FrameParser({
    data: () => undefined,
    control: (type) => {
      seen.push(type);
      parser.stop();
    },
  });
  parser.push(Buffer.concat([synReply({ streamId: 1, block: LATER_EMPTY_BLOCK }), ping(1)]));
  expect(seen).toEqual([SYN_REPLY]);
});
