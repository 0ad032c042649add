import { millis, type Millis } from "./units.ts";

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

/** Go's `Duration.String`: `1h0m0s`, `1m30s`, `2.5s`, `300ms`, `0s`. */
export const formatGoDuration = (time: Millis): string => {
  const nanoseconds = Math.round(Math.abs(time) * 1e6);
  const sign = time < 0 ? "-" : "";
  if (nanoseconds === 0) return "0s";
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${sign}${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${sign}${nanoseconds / 1e6}ms`;
  const minutes = Math.floor(nanoseconds / 6e10);
  const seconds = `${(nanoseconds - minutes * 6e10) / 1e9}s`;
  if (minutes === 0) return `${sign}${seconds}`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours === 0 ? "" : `${hours}h`}${minutes % 60}m${seconds}`;
};

/**
 * `--request-timeout` (credentials.md §1.5, O10): a number of seconds, or Go's duration; 0 and nothing mean no limit.
 * @throws {SyntaxError} with kubectl's text
 */
export const parseRequestTimeout = (text: string): Millis | undefined => {
  let time: Millis | undefined;
  if (text === "") return undefined;
  if (/^[+-]?\d+$/.test(text)) time = millis(Number(text) * 1000);
  else
    try {
      time = parseGoDuration(text);
    } catch {
      time = undefined;
    }
  if (time === undefined || time < 0 || time >= LONGEST)
    throw new SyntaxError(
      "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
    );
  return time === 0 ? undefined : time;
};
