import type { ScalarTag } from "yaml";

const LARGEST = 2n ** 64n;
/** Digits that are taken for a number: more are infinite in decimal, and take long to count in any form. */
const DIGITS_LIMIT = 1000;
const WHOLE = /^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NO_NUMBER = /^\.(?:nan|NaN|NAN)$/;

/** What a plain scalar means to Go's YAML reader where it is a number; undefined where it is text. */
export const goNumber = (text: string): number | undefined => {
  if (INFINITE.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (NO_NUMBER.test(text)) return Number.NaN;
  if (text.length > DIGITS_LIMIT || !/^[-+.\d]/.test(text)) return undefined;
  // Behind a point Go knows no underscores.
  const digits = text.startsWith(".") ? text : text.replaceAll("_", "");
  const whole = WHOLE.test(digits) ? wholeNumber(digits) : undefined;
  if (whole !== undefined) return whole;
  const value = FLOAT.test(digits) ? Number(digits) : undefined;
  return value !== undefined && Number.isFinite(value) ? value : undefined;
};

/** Undefined where it has more than 64 bits: then it is a float. */
const wholeNumber = (text: string): number | undefined => {
  const [, sign = "", rest = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const value = BigInt(/^0[0-7]/.test(rest) ? `0o${rest.slice(1)}` : rest);
  if (value >= LARGEST || (sign === "-" && value > LARGEST / 2n)) return undefined;
  return sign === "-" ? -Number(value) || 0 : Number(value);
};

const PREFIX = "tag:yaml.org,2002:";
const asNumber = (text: string, onError: (message: string) => void): unknown => {
  const value = goNumber(text);
  if (value === undefined) onError("no number");
  return value;
};

/**
 * The scalars of Go's YAML reader, which is neither YAML 1.1 nor 1.2: `0o7`, `010` and `1_000` are numbers, `e3` and
 * times are text.
 */
export const GO_SCALARS: readonly ScalarTag[] = [
  {
    tag: `${PREFIX}float`,
    default: true,
    test: /^[-+.\d]/,
    resolve: (text) => goNumber(text) ?? text,
  },
  { tag: `${PREFIX}int`, resolve: asNumber },
  {
    tag: `${PREFIX}binary`,
    resolve: (text) => Buffer.from(text, "base64").toString("utf8"),
  },
];
