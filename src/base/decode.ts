import { KnownError, type ErrorCode } from "./errors.ts";

/**
 * Reads foreign data once, at the door: `unknown` → a type. A decoder gets the value and the path to it, and its
 * message names that path.
 */
export type Decoder<T> = (value: unknown, path: string) => T;

export class DecodeError extends Error {
  readonly path: string;

  constructor(path: string, wanted: string, value: unknown) {
    super(`${path || "value"} must be ${wanted}, not ${kindOf(value)}`);
    this.name = "DecodeError";
    this.path = path;
  }
}

const kindOf = (value: unknown): string =>
  value === undefined ? "missing" : value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;

export const string: Decoder<string> = (value, path) => {
  if (typeof value !== "string") throw new DecodeError(path, "text", value);
  return value;
};

export const boolean: Decoder<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new DecodeError(path, "true or false", value);
  return value;
};

export const integer: Decoder<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isInteger(value))
    throw new DecodeError(path, "a whole number", value);
  return value;
};

/** Missing and `null` are both absent, as Go's decoders have it. */
export const optional =
  <T>(inner: Decoder<T>): Decoder<T | undefined> =>
  (value, path) =>
    value === undefined || value === null ? undefined : inner(value, path);

export const fallback =
  <T>(inner: Decoder<T>, absent: T): Decoder<T> =>
  (value, path) =>
    value === undefined || value === null ? absent : inner(value, path);

export const list =
  <T>(inner: Decoder<T>): Decoder<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw new DecodeError(path, "a list", value);
    return value.map((item: unknown, index) => inner(item, `${path}[${index}]`));
  };

/** An object whose keys are not known beforehand. Safe for a key called `__proto__`. */
export const dictionary =
  <T>(inner: Decoder<T>): Decoder<ReadonlyMap<string, T>> =>
  (value, path) =>
    new Map(Object.entries(record(value, path)).map(([key, item]) => [key, inner(item, `${path}.${key}`)]));

export const record = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DecodeError(path, "an object", value);
  return value as Readonly<Record<string, unknown>>;
};

export const unknown: Decoder<unknown> = (value) => value;

/** Known fields of an object; others are ignored. */
export const object =
  <Shape extends Record<string, Decoder<unknown>>>(
    shape: Shape,
  ): Decoder<{ readonly [Key in keyof Shape]: ReturnType<Shape[Key]> }> =>
  (value, path) => {
    const fields = record(value, path);
    const entries = Object.entries(shape).map(([key, inner]) => [
      key,
      inner(Object.hasOwn(fields, key) ? fields[key] : undefined, path === "" ? key : `${path}.${key}`),
    ]);
    return Object.fromEntries(entries) as { readonly [Key in keyof Shape]: ReturnType<Shape[Key]> };
  };

/** Runs a decoder and turns its complaint into a coded error that says what was being read. */
export const decode = <T>(
  inner: Decoder<T>,
  value: unknown,
  options: { readonly what: string; readonly code: ErrorCode },
): T => {
  try {
    return inner(value, "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KnownError(options.code, `Cannot read ${options.what}: ${error.message}`, { cause: error });
  }
};

/** `JSON.parse` that gives `unknown`. */
export const parseJson = (text: string): unknown => JSON.parse(text) as unknown;
