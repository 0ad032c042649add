import { describe, expect, test } from "vitest";
import { parseGoDuration } from "./go-duration.ts";

/** What Go 1.24's time.ParseDuration gives, run once: milliseconds, or the text of the error. */
const ROWS: readonly (readonly [text: string, wanted: number | string])[] = [
  ["10m0s", 600000],
  ["1.5h", 5400000],
  ["-2m", -120000],
  ["0", 0],
  ["300ms", 300],
  ["1h2m3.5s", 3723500],
  ["2µs", 0.002],
  ["1.s", 1000],
  [".5s", 500],
  ["", 'time: invalid duration ""'],
  ["10", 'time: missing unit in duration "10"'],
  ["x", 'time: invalid duration "x"'],
  ["1d", 'time: unknown unit "d" in duration "1d"'],
  ["3 s", 'time: unknown unit " s" in duration "3 s"'],
  ["1s2", 'time: missing unit in duration "1s2"'],
  [".s", 'time: invalid duration ".s"'],
  ["-", 'time: invalid duration "-"'],
  ["+5m", 300000],
  ["2562047h", 9223369200000],
  ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
  ["2562048h", 'time: invalid duration "2562048h"'],
];

describe("a duration as Go writes it", () => {
  test.each(ROWS)("%j is %j", (text, wanted) => {
    if (typeof wanted === "string") expect(() => parseGoDuration(text)).toThrow(wanted);
    else expect(parseGoDuration(text)).toBeCloseTo(wanted, 6);
  });
});
