import fc from "fast-check";
import { expect, test } from "vitest";
import { base64Fault } from "./base64.ts";

test.each([
  ["", undefined],
  ["bm9uZQ==", undefined],
  ["bm9u\r\nZQ=\n=\n", undefined],
  ["YWI=", undefined],
  ["%%%", 0],
  ["YWI%", 3],
  ["YWJj\nYQ", 5],
  ["Y", 0],
  ["YW", 0],
  ["YWI", 0],
  ["=", 0],
  ["Y=", 1],
  ["YQ=", 3],
  ["YQ=x", 2],
  ["YQ==YQ==", 4],
  ["YWI= ", 4],
  ["YWJ-", 3],
] as const)("%j has its fault at %s", (text, at) => {
  expect(base64Fault(text)).toBe(at);
});

test("what Node writes is right", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(base64Fault(Buffer.from(bytes).toString("base64"))).toBeUndefined();
    }),
  );
});
