import type { Document } from "yaml";
import { readPlainYaml } from "../base/plain-yaml.ts";

/** Uses of aliases that a hand-written file may have; more is a bomb. */
const ALIAS_LIMIT = 100;

/**
 * The documents of a YAML text as sigs.k8s.io/yaml takes them: YAML 1.1 words (`yes` is true) without its dates and
 * sexagesimal numbers, merge keys, of equal keys the last. `document.errors` is yet to be looked at.
 */
export async function readDocuments(source: string): Promise<readonly Document[]> {
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(source, {
    keepSourceTokens: true,
    logLevel: "silent",
    merge: true,
    prettyErrors: false,
    schema: "yaml-1.1",
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === "string" ||
          (!/:(?:timestamp|binary|omap|pairs|set)$/.test(tag.tag) &&
            !("format" in tag && tag.format === "TIME")),
      ),
    uniqueKeys: false,
  });
  return "empty" in documents ? [] : documents;
}

/** Where a document's first mistake is. The parser's own message quotes the file, and with it a password. */
export const documentFault = (document: Document, source: string): string | undefined => {
  const [error] = document.errors;
  if (error === undefined) return undefined;
  const before = source.slice(0, error.pos[0]);
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  return `yaml: line ${line}, column ${column}: ${error.code.toLowerCase().replaceAll("_", " ")}`;
};

/** The plain value of a document. @throws {Error} for an alias that is unknown, or too many of them */
export const documentValue = (document: Document): unknown => {
  try {
    return document.toJS({ maxAliasCount: ALIAS_LIMIT }) as unknown;
  } catch {
    throw new Error("yaml: an alias is unknown or used too often");
  }
};

/**
 * The first document of a text, as Go's decoder takes it; undefined where there is none.
 * @throws {Error} with the place of the mistake, and no word of the text
 */
export async function parseYaml(source: string): Promise<unknown> {
  const json = parseJsonText(source);
  if (json !== undefined) return json.value;
  const plain = readPlainYaml(source);
  if (plain !== undefined) return plain;
  const [document] = await readDocuments(source);
  if (document === undefined) return undefined;
  const fault = documentFault(document, source);
  if (fault !== undefined) throw new Error(fault);
  return documentValue(document);
}

/** JSON is YAML, and much faster to read as what it is. Undefined where it is none. */
export const parseJsonText = (source: string): { readonly value: unknown } | undefined => {
  if (!/^\s*\{/.test(source)) return undefined;
  try {
    return { value: JSON.parse(source) as unknown };
  } catch {
    return undefined;
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
