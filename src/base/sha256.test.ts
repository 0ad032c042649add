import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hmacSha256, sha256 } from "./sha256.ts";

const right = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

describe("SHA-256 is Node's", () => {
  test.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 5000])("of %d characters", (length) => {
    expect(sha256("a".repeat(length)).toString("hex")).toBe(right("a".repeat(length)));
  });

  test("of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
        expect(sha256(text).toString("hex")).toBe(right(text));
      }),
    );
  });
});

test("HMAC is Node's, of any key and text", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 130 }),
      fc.string({ unit: "grapheme", maxLength: 200 }),
      (key, text) => {
        expect(hmacSha256(key, text).toString("hex")).toBe(
          createHmac("sha256", key).update(text, "utf8").digest("hex"),
        );
      },
    ),
  );
});
