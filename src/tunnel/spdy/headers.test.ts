import { constants, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FIRST_EMPTY_BLOCK, LATER_EMPTY_BLOCK, decodeHeaders, encodeHeaders } from "./headers.ts";

const HEADERS = [
  ["streamtype", "data"],
  ["port", "80"],
] as const;

test("a block is what zlib calls a stored block with a sync flush behind it", () => {
  const block = encodeHeaders(HEADERS, true);
  expect(block.subarray(0, 6).toString("hex")).toBe("78f9e3c6a7c2");
  expect(block.subarray(-5).toString("hex")).toBe("000000ffff");
  const table = inflateRawSync(block.subarray(6), { finishFlush: constants.Z_SYNC_FLUSH });
  expect(table.readUInt32BE(0)).toBe(2);
  expect(table.toString("latin1")).toContain("streamtype\0\0\0\u0004data");
});

test("what was encoded is decoded", () => {
  const text = fc.string({ unit: "binary-ascii", maxLength: 40 });
  const pairs = fc.uniqueArray(
    fc.tuple(
      text.map((name) => name.toLowerCase()),
      text,
    ),
    {
      selector: ([name]) => name,
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(pairs, fc.boolean(), (headers, first) => {
      expect([...decodeHeaders(encodeHeaders(headers, first))]).toEqual(headers);
    }),
  );
});

test.each([
  { name: "a compressed block", block: FIRST_EMPTY_BLOCK, says: "compressed" },
  { name: "a later compressed block", block: LATER_EMPTY_BLOCK, says: "compressed" },
  {
    name: "a length that is not its own complement",
    block: Buffer.from("000100000041", "hex"),
    says: "length",
  },
  { name: "a block that ends early", block: encodeHeaders(HEADERS, false).subarray(0, 20), says: "early" },
  { name: "nothing", block: Buffer.alloc(0), says: "early" },
  { name: "an upper-case name", block: encodeHeaders([["Port", "80"]], false), says: "lower case" },
  {
    name: "too many headers",
    block: encodeHeaders(
      Array.from({ length: 33 }, (_, index) => [`h${index}`, ""] as const),
      false,
    ),
    says: "at most 32",
  },
])("$name is refused", ({ block, says }) => {
  expect(() => decodeHeaders(block)).toThrow(says);
  expect(() => decodeHeaders(block)).toThrow(expect.objectContaining({ code: "TUNNEL_PROTOCOL" }));
});
