import type { Document } from "yaml";
import type * as Yaml from "yaml";
import { readPlainYaml } from "../base/plain-yaml.ts";
import { goMerge } from "./go-merge.ts";
import { GO_SCALARS } from "./go-scalar.ts";

/**
 * What the parser is given at most. A fleet of thousands of clusters, written by hand with comments, has some 400,000
 * pieces; half a million take the parser a second when they are right, and some seconds when each is wrong.
 */
const PIECE_LIMIT = 500_000;
/** Go's own limit is 10,000, and nobody nests by hand. */
const DEPTH_LIMIT = 500;
/** A fleet may share one stanza among thousands of users. For each alias the parser looks at all before it. */
const ALIAS_LIMIT = 5000;
/** Each link of a chain of merges is a recursion. */
const MERGE_LIMIT = 500;
/** `? key`: Go writes keys of more than 128 characters so. The parser's time grows with the cube of their depth. */
const MARKED_KEY_LIMIT = 50;
/** Nobody writes one, and the parser looks at all for each. */
const DIRECTIVE_LIMIT = 50;
/** Values after every alias is written out: more than any file spells out itself. */
const EXPANSION_LIMIT = 4_000_000;

/**
 * What ends a line for Go's reader, and not for this one: the rest of a comment would have a meaning for kubectl only.
 * Nobody writes them.
 */
const ODD_BREAK = /\r(?!\n)|[\u0085\u2028\u2029]/;

/** @throws {Error} for a line break that only Go sees, with its line */
export const checkBreaks = (source: string): void => {
  const odd = ODD_BREAK.exec(source);
  if (odd !== null) {
    const name =
      odd[0] === "\r" ? "a carriage return without a line feed" : "a line break that is none in ASCII";
    throw new Error(`yaml: line ${source.slice(0, odd.index).split("\n").length}: ${name}`);
  }
};

/** Characters that Go's reader refuses. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufeff\ufffe\uffff]/;

/**
 * The documents of a YAML text as sigs.k8s.io/yaml takes them: YAML 1.1 words (`yes` is true), Go's numbers, merge keys, of equal keys the last. `document.errors` is yet to be looked at.
 * @throws {Error} for a text that would take too long to read, without a word of it
 */
export async function readDocuments(
  source: string,
  options: { readonly keepSourceTokens?: boolean } = {},
): Promise<readonly Document[]> {
  const yaml = await import("yaml");
  checkSize(source, yaml);
  const documents = yaml.parseAllDocuments(source, {
    keepSourceTokens: options.keepSourceTokens === true,
    logLevel: "silent",
    prettyErrors: false,
    schema: "yaml-1.1",
    customTags: (tags) =>
      tags
        .filter(
          (tag) =>
            typeof tag === "string" || !/:(?:timestamp|binary|omap|pairs|set|int|float|merge)$/.test(tag.tag),
        )
        .concat(GO_SCALARS, goMerge(yaml)),
    uniqueKeys: false,
  });
  return "empty" in documents ? [] : documents;
}

/** The parser recurses, and makes an object of each piece: both have to have an end. */
const checkSize = (source: string, yaml: typeof Yaml): void => {
  let pieces = 0;
  let depth = 0;
  let inLine = 0;
  let aliases = 0;
  let anchors = 0;
  let merges = 0;
  let markedKeys = 0;
  let directives = 0;
  for (const piece of new yaml.Lexer().lex(source)) {
    pieces++;
    if (piece === "[" || piece === "{") depth++;
    else if (piece === "]" || piece === "}") depth--;
    else if (piece === "-" || piece === ":") inLine++;
    else if (piece === "?") markedKeys++;
    else if (piece === "<<") merges++;
    else if (piece.startsWith("*")) aliases++;
    else if (piece.startsWith("&")) anchors++;
    else if (piece.startsWith("%")) directives++;
    else if (piece.endsWith("\n")) inLine = 0;
    if (depth > DEPTH_LIMIT || depth < 0 || (depth === 0 && inLine > DEPTH_LIMIT))
      throw new Error(`yaml: nested deeper than ${DEPTH_LIMIT}, or brackets that do not match`);
    if (aliases > ALIAS_LIMIT || anchors > ALIAS_LIMIT || merges > MERGE_LIMIT)
      throw new Error("yaml: document contains excessive aliasing");
    if (markedKeys > MARKED_KEY_LIMIT || directives > DIRECTIVE_LIMIT)
      throw new Error(`yaml: more than ${MARKED_KEY_LIMIT} keys with a question mark, or so many directives`);
    if (pieces > PIECE_LIMIT) throw new Error(`yaml: more than ${PIECE_LIMIT} pieces`);
  }
};

/** Where a document's first mistake is. The parser's own message quotes the file, and with it a password. */
const documentFault = (document: Document, source: string): string | undefined => {
  const [error] = document.errors;
  if (error === undefined) return undefined;
  const before = source.slice(0, error.pos[0]);
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  return `yaml: line ${line}, column ${column}: ${error.code.toLowerCase().replaceAll("_", " ")}`;
};

/**
 * The plain value of a document.
 * @throws {Error} for an alias that is unknown, a bomb of them, or a key that is no text, number or boolean
 */
const documentValue = async (document: Document): Promise<unknown> => {
  const { isScalar, visit } = await import("yaml");
  visit(document, {
    Pair: (_key, { key }) => {
      // A key that is a map would be written out for a name, and each key in it again.
      if (!isScalar(key) || key.value === null) throw new Error("yaml: a key that is no text");
    },
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: -1 }) as unknown;
  } catch {
    throw new Error("yaml: an alias is unknown or stands for what it is a part of, or a merge has no map");
  }
  if (expandedSize(value, new Map()) > EXPANSION_LIMIT)
    throw new Error("yaml: document contains excessive aliasing");
  return value;
};

/**
 * How many values there would be without aliases. What is shared is counted once, and multiplied.
 * @throws {Error} for a number that JSON has no form for, as Go's way through JSON has it
 */
const expandedSize = (value: unknown, known: Map<object, number>): number => {
  if (typeof value === "string" && HALF_CHARACTER.test(value))
    throw new Error("yaml: half of a character, which no text can hold");
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error("json: unsupported value: a number that is infinite, or none");
  if (typeof value !== "object" || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  // What holds itself never ends.
  known.set(value, Number.POSITIVE_INFINITY);
  let size = 1;
  for (const item of partsOf(value)) size += expandedSize(item, known);
  known.set(value, size);
  return size;
};

/**
 * The first document of a text, as Go's decoder takes it; undefined where there is none.
 * @throws {Error} with the place of the mistake, and no word of the text
 */
export async function parseYaml(source: string): Promise<unknown> {
  if (CONTROL.test(source.replace(/^\ufeff/, "")))
    throw new Error("yaml: control characters are not allowed");
  checkBreaks(source);
  const json = parseJsonText(source);
  if (json !== undefined) return json.value;
  const plain = readPlainYaml(source);
  if (plain !== undefined) return plain;
  const [document] = await readDocuments(source);
  if (document === undefined) return undefined;
  const fault = documentFault(document, source);
  if (fault !== undefined) throw new Error(fault);
  return await documentValue(document);
}

/** JSON is YAML, and much faster to read as what it is. Undefined where it is none. @throws {Error} for deep nesting and halves of characters */
export const parseJsonText = (source: string): { readonly value: unknown } | undefined => {
  if (!/^\s*\{/.test(source)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
  checkTree(value);
  return { value };
};

/** Names and values, or items. */
const partsOf = (value: object): readonly unknown[] =>
  Array.isArray(value) ? value : Object.entries(value).flat();

/** As of `"\ud800"`, which Go refuses too. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/** `JSON.parse` takes any depth, and whoever walks or writes the value afterwards does not. */
const checkTree = (value: unknown): void => {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_LIMIT) throw new Error(`yaml: nested deeper than ${DEPTH_LIMIT}`);
    if (level.some((item) => typeof item === "string" && HALF_CHARACTER.test(item)))
      throw new Error("yaml: half of a character, which no text can hold");
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? partsOf(item) : []));
  }
};

/** Keys that a map of the text has twice, as Go's strict decoder complains of them; lines count from 1. */
export async function duplicateKeys(source: string): Promise<readonly string[]> {
  const { isMap, isScalar, visit } = await import("yaml");
  const [document] = await readDocuments(source);
  const found: string[] = [];
  if (document === undefined) return found;
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<unknown>();
      if (!isMap(map)) return;
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const line = source.slice(0, key.range?.[0] ?? 0).split("\n").length;
        if (seen.has(key.value)) found.push(`line ${line}: key "${String(key.value)}" already set in map`);
        seen.add(key.value);
      }
    },
  });
  return found;
}
