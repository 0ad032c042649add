import { millis, type Millis } from "../../base/units.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Go's longest duration: 2^63 - 1 ns. */
const LONGEST = 2 ** 63 / 1e6;

/**
 * Go's `time.ParseDuration`: `10m0s`, `1.5h`, `-2m`, `0`.
 * @throws {SyntaxError} with Go's text
 */
export const parseGoDuration = (text: string): Millis => {
  const shown = JSON.stringify(text.slice(0, 40));
  const [, sign = "", body = ""] = /^([-+]?)([^]*)$/.exec(text) ?? [];
  if (body === "0") return millis(0);
  if (body === "") throw new SyntaxError(`time: invalid duration ${shown}`);
  let total = 0;
  for (let rest = body; rest !== "";) {
    const [amount] = /^(?:\d+\.?\d*|\.\d+)/.exec(rest) ?? [];
    if (amount === undefined) throw new SyntaxError(`time: invalid duration ${shown}`);
    rest = rest.slice(amount.length);
    const [unit = ""] = /^[^.\d]*/.exec(rest) ?? [];
    if (unit === "") throw new SyntaxError(`time: missing unit in duration ${shown}`);
    const length = UNITS.get(unit);
    if (length === undefined)
      throw new SyntaxError(`time: unknown unit ${JSON.stringify(unit.slice(0, 20))} in duration ${shown}`);
    total += Number(amount) * length;
    rest = rest.slice(unit.length);
  }
  if (total >= LONGEST) throw new SyntaxError(`time: invalid duration ${shown}`);
  return millis(sign === "-" ? -total : total);
};
