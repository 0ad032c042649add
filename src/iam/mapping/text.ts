import { DecodeError, parseJson, type Decoder } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import { MiB, type Bytes } from "../../base/units.ts";

/** Of a file of mappings. A ConfigMap holds 1 MiB, and 40,000 people of a company some 8. */
export const MAPPING_LIMIT: Bytes = MiB(16);
/** Nobody nests mappings deeper, and folding recurses. */
const DEPTH_LIMIT = 20;

/** Of the texts that aliases stand for. */
const ALIASES_MOST = 100;

/**
 * YAML with every scalar as the text that is written: an account `012345678901` is no number, and `yes` no boolean.
 * Only what is empty, `~` or `null` is nothing.
 * @throws {KnownError} IAM_MAPPING with line and column, and no word of the text
 */
export async function readYaml(text: string, what: string): Promise<unknown> {
  const [first, ...more] = await readYamlDocuments(text, what);
  if (more.length > 0) throw new KnownError("IAM_MAPPING", `Cannot read ${what}: it has several documents`);
  return first;
}

/** The same for several documents in one text. @throws {KnownError} see `readYaml` */
export async function readYamlDocuments(text: string, what: string): Promise<readonly unknown[]> {
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: (tags) => [...tags, "null"],
    merge: true,
    uniqueKeys: false,
    logLevel: "error",
    prettyErrors: true,
  });
  const wrong = (reason: string): KnownError =>
    new KnownError("IAM_MAPPING", `Cannot read ${what}: ${reason}`);
  return ("empty" in documents ? [] : documents).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const [at] = error.linePos ?? [];
      const place = at === undefined ? "" : `line ${at.line}, column ${at.col}: `;
      throw wrong(`${place}${error.code.toLowerCase().replaceAll("_", " ")}`);
    }
    try {
      return document.toJS({ maxAliasCount: ALIASES_MOST }) as unknown;
    } catch {
      throw wrong("an alias is unknown, or stands for too much");
    }
  });
}

/** @throws {KnownError} IAM_MAPPING without a word of the text */
export const readJson = (text: string, what: string): unknown => {
  try {
    return parseJson(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const place = /position \d+|line \d+ column \d+/.exec(messageOf(error))?.[0];
    throw new KnownError(
      "IAM_MAPPING",
      `Cannot read ${what}: it is no JSON${place === undefined ? "" : ` (${place})`}`,
    );
  }
};

/**
 * The same with all keys in lower case, as Go's readers take them in any. A key in two spellings is refused: which of
 * them counts would be chance.
 * @throws {DecodeError}
 */
export const folded = (value: unknown, path = "", depth = 0): unknown => {
  if (depth > DEPTH_LIMIT) throw new DecodeError(path, "nested less deeply", value);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => folded(item, `${path}[${index}]`, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const found = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    const name = key.toLowerCase();
    const place = path === "" ? key : `${path}.${key}`;
    if (found.has(name)) throw new DecodeError(place, "there once, in whatever case", item);
    found.set(name, folded(item, place, depth + 1));
  }
  return Object.fromEntries(found);
};

/** Text, and what JSON or YAML write without quotes. */
export const word: Decoder<string> = (value, path) => {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new DecodeError(path, "text", value);
};

/** Nothing, and the empty texts that people write for it, are no items. */
export const items =
  <T>(inner: Decoder<T>): Decoder<readonly T[]> =>
  (value, path) => {
    if (value === undefined || value === null || value === "") return [];
    if (!Array.isArray(value)) throw new DecodeError(path, "a list", value);
    return value.map((item: unknown, index) => inner(item, `${path}[${index}]`));
  };
