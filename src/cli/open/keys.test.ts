import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readKeys, type Key } from "./keys.ts";

const kinds = (keys: readonly Key[]): readonly string[] =>
  keys.map((key) => (key.kind === "text" ? key.text : key.kind));

describe("keys of a terminal", () => {
  test.each([
    ["\u001b[A", ["up"]],
    ["\u001b[B\u001b[B", ["down", "down"]],
    ["\u001bOA", ["up"]],
    ["\u001b[1;5B", ["down"]],
    ["\u001b[5~\u001b[6~", ["page-up", "page-down"]],
    ["\u001b[H\u001b[4~", ["home", "end"]],
    ["\r", ["enter"]],
    ["\u0003", ["leave"]],
    ["\u0004", ["leave"]],
    ["\u007f\b\u0015", ["backspace", "backspace", "clear"]],
    ["\u000e\u0010", ["down", "up"]],
    ["hé 🙂", ["h", "é", " ", "🙂"]],
    ["\u001b[3~\u001b[200~x", ["x"]],
    ["\u001bx", []],
    ["\u0007\u0000\u202e", []],
  ])("%j", (characters, wanted) => {
    expect(kinds(readKeys(characters, false).keys)).toEqual(wanted);
  });

  test("Escape alone is a key when nothing follows it, and the beginning of one before", () => {
    expect(readKeys("\u001b", false)).toEqual({ keys: [], rest: "\u001b" });
    expect(readKeys("\u001b", true)).toEqual({ keys: [{ kind: "leave" }], rest: "" });
    // A sequence that was cut off is nobody's wish to leave.
    expect(readKeys("\u001b[", true)).toEqual({ keys: [], rest: "" });
  });
});

describe("properties", () => {
  const piece = fc.constantFrom(
    "\u001b[A",
    "\u001bOB",
    "\u001b[5~",
    "\r",
    "a",
    "é",
    "🙂",
    "\u0003",
    "\u007f",
    "\u001b[3~",
  );
  test("pieces of any size give the same keys", () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
        const whole = pieces.join("");
        const points = Array.from(whole);
        const keys: Key[] = [];
        let rest = "";
        let at = 0;
        for (const size of [...cuts, points.length]) {
          const read = readKeys(rest + points.slice(at, at + size).join(""), false);
          keys.push(...read.keys);
          rest = read.rest;
          at += size;
        }
        expect(keys).toEqual(readKeys(whole, false).keys);
        expect(rest).toBe("");
      }),
    );
  });

  test("whatever comes is read to its end, and no key holds a control", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { keys, rest } = readKeys(text, true);
        expect(rest).toBe("");
        for (const key of keys) if (key.kind === "text") expect(key.text).not.toMatch(/\p{C}/u);
      }),
    );
  });
});
