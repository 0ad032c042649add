import { record } from "../base/decode.ts";
import { nearest } from "./options.ts";

/** JSON Schema, as far as it is used here (json-schema.org, draft 2020-12). */
export type Schema = Readonly<Record<string, unknown>>;

/** One value of config.yaml: how it is read, and how the schema that is published describes it. */
export interface Field<T> {
  /** @param path for the message, `presets.my-ui.port` @throws {FieldError} */
  readonly read: (value: unknown, path: string) => T;
  readonly schema: Schema;
}

export class FieldError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = "FieldError";
    this.hint = hint;
  }
}

const shown = (value: unknown): string => {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : JSON.stringify(value);
};

const wrong = (path: string, value: unknown, wanted: string): FieldError =>
  new FieldError(`"${path}" is ${shown(value)}: it must be ${wanted}`, `Correct "${path}" there`);

/** Texts of a configuration are short; longer ones are a mistake. */
const TEXT_MAX = 1_024;
const LIST_MAX = 100;

/** @param wanted what it must be, for the message */
export const text = (
  wanted = "text",
  pattern: RegExp = /^[^]+$/,
  options: { readonly empty?: boolean } = {},
): Field<string> => ({
  read: (value, path) => {
    const fits = typeof value === "string" && value.length <= TEXT_MAX;
    if (fits && (pattern.test(value) || (value === "" && options.empty === true))) return value;
    throw wrong(path, value, wanted);
  },
  schema: {
    type: "string",
    maxLength: TEXT_MAX,
    ...(options.empty === true ? {} : { pattern: pattern.source }),
  },
});

export const flag: Field<boolean> = {
  read: (value, path) => {
    if (typeof value === "boolean") return value;
    throw wrong(path, value, "true or false");
  },
  schema: { type: "boolean" },
};

export const whole = (least: number, most: number): Field<number> => ({
  read: (value, path) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw wrong(path, value, `a whole number from ${least} to ${most}`);
  },
  schema: { type: "integer", minimum: least, maximum: most },
});

export const choice = <const T extends string>(choices: readonly T[]): Field<T> => ({
  read: (value, path) => {
    const found = choices.find((each) => each === value);
    if (found !== undefined) return found;
    throw wrong(path, value, `one of ${choices.join(", ")}`);
  },
  schema: { enum: choices },
});

/** @param wanted what it must be, for the message */
export const either = <A, B>(first: Field<A>, second: Field<B>, wanted: string): Field<A | B> => ({
  read: (value, path) => {
    for (const field of [first, second])
      try {
        return field.read(value, path);
      } catch {
        // The message names both.
      }
    throw wrong(path, value, wanted);
  },
  schema: { anyOf: [first.schema, second.schema] },
});

export const listOf = <T>(item: Field<T>): Field<readonly T[]> => ({
  read: (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, value, "a list");
    if (value.length > LIST_MAX) throw wrong(path, value, `a list of at most ${LIST_MAX}`);
    return value.map((each: unknown, at) => item.read(each, `${path}[${at}]`));
  },
  schema: { type: "array", items: item.schema, maxItems: LIST_MAX },
});

const mapping = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  try {
    return record(value, path);
  } catch {
    throw wrong(path, value, "a mapping");
  }
};

/** A mapping whose keys a person makes up. @param wanted what a key must be, for the message */
export const mapOf = <T>(
  key: { readonly pattern: RegExp; readonly wanted: string },
  item: Field<T>,
): Field<readonly (readonly [string, T])[]> => ({
  read: (value, path) => {
    const entries = Object.entries(mapping(value, path));
    if (entries.length > LIST_MAX) throw wrong(path, value, `a mapping of at most ${LIST_MAX}`);
    return entries.map(([name, each]) => {
      if (!key.pattern.test(name))
        throw new FieldError(`"${path}" has the key ${JSON.stringify(name)}: it must be ${key.wanted}`);
      return [name, item.read(each, `${path}.${name}`)];
    });
  },
  schema: {
    type: "object",
    maxProperties: LIST_MAX,
    propertyNames: { pattern: key.pattern.source },
    additionalProperties: item.schema,
  },
});

type Read<Fields extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [Key in keyof Fields]?: ReturnType<Fields[Key]["read"]>;
};

/** A mapping of known keys, each of which may be missing. Any other is refused by name. */
export const fieldsOf = <Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
  means: Readonly<Record<keyof Fields, string>>,
): Field<Read<Fields>> => ({
  read: (value, path) => {
    const entries = Object.entries(mapping(value, path)).map(([key, each]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const at = `${path}.${key}`;
      if (field === undefined) {
        const near = nearest(key, Object.keys(fields));
        throw new FieldError(
          `unknown key "${at}"`,
          near === undefined
            ? `Known are ${Object.keys(fields).join(", ")}`
            : `Did you mean ${path}.${near}?`,
        );
      }
      return [key, field.read(each, at)] as const;
    });
    return Object.fromEntries(entries) as Read<Fields>;
  },
  schema: {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(fields).map(([key, field]) => [key, { description: means[key], ...field.schema }]),
    ),
  },
});
