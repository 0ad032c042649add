import { describe, expect, test } from "vitest";
import { goNumber } from "./go-scalar.ts";
import { parseYaml } from "./yaml.ts";

/** What kubectl 1.35 reads; `npm run test:differential` asks it again. */
const NUMBERS: readonly (readonly [string, number])[] = [
  ["0", 0],
  ["-0", 0],
  ["+1", 1],
  ["-1", -1],
  ["010", 8],
  ["0o7", 7],
  ["08", 8],
  ["0x1F", 31],
  ["+0x1", 1],
  ["0b11", 3],
  ["-0b11", -3],
  ["1_000", 1000],
  ["1__0", 10],
  ["1_", 1],
  ["1_0.5", 10.5],
  ["1e3", 1000],
  ["1E+3", 1000],
  ["1.", 1],
  [".5", 0.5],
  ["+.5", 0.5],
  ["1e-400", 0],
  ["123456789012345678901234567890", 1.234_567_890_123_456_8e29],
  ["18446744073709551615", 18_446_744_073_709_552_000],
  [".inf", Infinity],
  ["-.INF", -Infinity],
  [".NaN", Number.NaN],
];

const TEXTS = [
  "",
  ".",
  "-",
  "e3",
  ".e3",
  "1e",
  "0x",
  "0b2",
  "0o8",
  "_1",
  ".5_0",
  "1e400",
  "-1e400",
  "inf",
  "nan",
  "2001-01-01",
  "12:30:45",
  "190:20:30",
  "1.2.3",
  "0x1.8p1",
  "--1",
  "1e3x",
  "١",
];

test.each(NUMBERS)("%s is a number", (text, value) => {
  expect(goNumber(text)).toBe(value);
});

test.each(TEXTS.map((text) => ({ text })))("$text is text", ({ text }) => {
  expect(goNumber(text)).toBeUndefined();
});

describe("in a document", () => {
  test("text that the parser would take for a number stays text", async () => {
    expect(await parseYaml("a: &a e3\nb: 1e400\nc: 12:30:45\n")).toEqual({
      a: "e3",
      b: "1e400",
      c: "12:30:45",
    });
  });

  test.each([
    ["!!int '5'", 5],
    ["!!float 1", 1],
    ["!!str 5", "5"],
    ["!!binary aGVsbG8=", "hello"],
  ])("%s", async (text, value) => {
    expect(await parseYaml(`a: ${text}\n`)).toEqual({ a: value });
  });

  test.each([".inf", "-.inf", ".nan"])("%s cannot be said in JSON", async (text) => {
    await expect(parseYaml(`a: &a ${text}\n`)).rejects.toThrow("json: unsupported value");
  });
});
