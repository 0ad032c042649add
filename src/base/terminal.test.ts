import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeControls, escapeLine } from "./terminal.ts";

test.each([
  { name: "an escape sequence", text: "\u001b]0;x\u0007", escaped: "\\u{1b}]0;x\\u{7}" },
  { name: "a C1 control", text: "a\u009bb", escaped: "a\\u{9b}b" },
  { name: "a carriage return", text: "safe\revil", escaped: "safe\\u{d}evil" },
  { name: "a bidi override", text: "a\u202eb", escaped: "a\\u{202e}b" },
  { name: "a line feed stays", text: "a\nb", escaped: "a\nb" },
  { name: "letters of any script stay", text: "größe 日本", escaped: "größe 日本" },
])("$name", ({ text, escaped }) => {
  expect(escapeControls(text)).toBe(escaped);
});

test("one line stays one line", () => {
  expect(escapeLine("a\nb")).toBe("a\\nb");
});

test("nothing that moves a cursor is left", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(escapeLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});
