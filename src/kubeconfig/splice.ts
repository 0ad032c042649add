import type { Document, Node, Pair, YAMLMap } from "yaml";
import type * as Yaml from "yaml";

/** A piece of a text and what stands there instead. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A text, what it means, and the parser that said so. */
export interface Source {
  readonly text: string;
  readonly document: Document;
  readonly yaml: typeof Yaml;
}

type Path = readonly (string | number)[];

/**
 * Writes a map of texts at a place of a YAML or JSON text, and leaves every other byte as it is. Where the place is
 * shared by an alias, what the alias stood for is written out, so that its other users keep their value. The result is
 * yet to be compared with what was meant: a text can be written in ways that are not foreseen here.
 */
export const writeMap = (source: Source, path: Path, values: ReadonlyMap<string, string>): string => {
  const { text, document, yaml } = source;
  const splices: Splice[] = [];
  const shared = new Set<string>();
  let node: unknown = document.contents;
  for (const [depth, key] of path.entries()) {
    if (yaml.isNode(node)) collectAnchor(node, shared);
    const wanted = (): unknown =>
      withMap(document.toJS({ maxAliasCount: -1 }) as unknown, path, values, depth + 1);
    if (yaml.isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (!yaml.isCollection(item)) {
        splices.push(instead(text, item, json(wanted())));
        return apply(source, splices, shared);
      }
      node = item;
    } else if (yaml.isMap(node)) {
      const pair = lastPair(node, String(key), yaml);
      if (pair === undefined) splices.push(newPairs(text, node, [[String(key), json(wanted())]]));
      else if (!yaml.isCollection(pair.value)) splices.push(newValue(text, pair, json(wanted())));
      if (pair === undefined || !yaml.isCollection(pair.value)) return apply(source, splices, shared);
      node = pair.value;
    } else throw new RangeError(`no place ${path.join(".")}`);
  }
  if (!yaml.isMap(node)) throw new RangeError(`no map at ${path.join(".")}`);
  yaml.visit(node, { Node: (_key, inner) => collectAnchor(inner, shared) });
  splices.push(...changedPairs(source, node, values));
  return apply(source, splices, shared);
};

/** A copy of a value in which the map at the end of the path is replaced; then the part below `depth` of the path. */
export const withMap = (
  value: unknown,
  path: Path,
  values: ReadonlyMap<string, string>,
  depth = 0,
): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return Object.fromEntries(values);
  const old: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  const inner = withMap(old, rest, values, Math.max(0, depth - 1));
  if (depth > 0) return inner;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? inner : item));
  return { ...(typeof value === "object" ? value : {}), [key]: inner };
};

const collectAnchor = (node: Node, shared: Set<string>): undefined => {
  if ("anchor" in node && typeof node.anchor === "string") shared.add(node.anchor);
  return undefined;
};

/** Aliases of what is about to change, each replaced by what it means now. */
const unshared = ({ text, document, yaml }: Source, anchors: ReadonlySet<string>): readonly Splice[] => {
  const splices: Splice[] = [];
  if (anchors.size === 0) return splices;
  yaml.visit(document, {
    Alias: (_key, alias) => {
      if (!anchors.has(alias.source)) return;
      splices.push(instead(text, alias, json(alias.toJS(document, { maxAliasCount: -1 }) as unknown)));
    },
  });
  return splices;
};

/** Of equal keys the last counts. */
const lastPair = (map: YAMLMap, name: string, yaml: typeof Yaml): Pair | undefined =>
  map.items.findLast((pair) => yaml.isScalar(pair.key) && String(pair.key.value) === name);

const changedPairs = (
  { text, yaml }: Source,
  map: YAMLMap,
  values: ReadonlyMap<string, string>,
): readonly Splice[] => {
  const splices: Splice[] = [];
  const kept = new Set<string>();
  const ofBlock = map.flow !== true;
  if (values.size === 0) return [instead(text, map, "{}")];
  for (const pair of map.items) {
    const name = yaml.isScalar(pair.key) ? String(pair.key.value) : undefined;
    const value = name === undefined ? undefined : values.get(name);
    if (name === undefined || value === undefined || lastPair(map, name, yaml) !== pair) {
      if (!ofBlock) return [flowMap(text, map, values)];
      splices.push(withoutLines(text, pair));
      continue;
    }
    kept.add(name);
    if (yaml.isScalar(pair.value) && pair.value.value === value) continue;
    const quoted = yaml.isScalar(pair.value) && pair.value.type !== "PLAIN";
    splices.push(newValue(text, pair, !ofBlock || quoted ? json(value) : scalar(value)));
  }
  const added = [...values].filter(([name]) => !kept.has(name));
  if (added.length > 0)
    splices.push(
      newPairs(
        text,
        map,
        added.map(([name, value]) => [name, ofBlock ? scalar(value) : json(value)]),
      ),
    );
  return splices;
};

/** Words that mean something else without quotes, in one YAML or another. */
const WORD = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
const scalar = (value: string): string =>
  /^[A-Za-z][\w./-]*$/.test(value) && !WORD.test(value) ? value : json(value);

/** JSON that YAML reads too: characters that YAML does not print are escaped. Default: on one line. */
export const json = (value: unknown, indent?: string): string =>
  JSON.stringify(value, null, indent).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Where a node begins and ends, without what follows it on its line. */
const rangeOf = (node: unknown): readonly [number, number] => {
  const range = (node as Node | null | undefined)?.range;
  if (range === null || range === undefined) throw new RangeError("no place in the text");
  return [range[0], range[1]];
};
const startOf = (node: unknown): number => rangeOf(node)[0];
const endOf = (node: unknown): number => rangeOf(node)[1];

/** A block owns the end of its last line, which stays. */
const instead = (text: string, node: unknown, piece: string): Splice => {
  const [from, to] = rangeOf(node);
  return { from, to, text: piece + (/\r?\n$/.exec(text.slice(from, to))?.[0] ?? "") };
};

/** The value of a pair. An empty one has no place of its own but the colon's. */
const newValue = (text: string, pair: Pair, value: string): Splice => {
  if (isThere(pair.value)) return instead(text, pair.value, value);
  const colon = colonOf(pair);
  return { from: colon, to: colon, text: `${colon === endOf(pair.key) ? ":" : ""} ${value}` };
};

const isThere = (node: unknown): boolean =>
  node !== null && node !== undefined && startOf(node) !== endOf(node);

/** Behind the colon; behind the key where there is none, as in `{a}`. */
const colonOf = (pair: Pair): number => {
  const sep = pair.srcToken !== undefined && "sep" in pair.srcToken ? pair.srcToken.sep : undefined;
  const colon = sep?.find((token) => token.type === "map-value-ind");
  return colon === undefined ? endOf(pair.key) : colon.offset + 1;
};

const endOfPair = (pair: Pair): number => (isThere(pair.value) ? endOf(pair.value) : colonOf(pair));

const newPairs = (text: string, map: YAMLMap, pairs: readonly (readonly [string, string])[]): Splice => {
  const last = map.items.at(-1);
  if (map.flow === true) {
    const list = pairs.map(([name, value]) => `${json(name)}: ${value}`);
    const at = last === undefined ? startOf(map) + 1 : endOfPair(last);
    const space = spaceBefore(text, map) || " ";
    return {
      from: at,
      to: at,
      text: last === undefined ? list.join(", ") : list.map((item) => `,${space}${item}`).join(""),
    };
  }
  if (last === undefined) throw new RangeError("an empty block map");
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const start = startOf(last.key);
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const at = lineEnd(text, endOfPair(last));
  const lines = pairs.map(([name, value]) => `${indent}${scalar(name)}: ${value}${eol}`).join("");
  return { from: at, to: at, text: text[at - 1] === "\n" ? lines : eol + lines.slice(0, -eol.length) };
};

/** Where the next line begins; `at` itself where it is such a place. */
const lineEnd = (text: string, at: number): number => {
  if (text[at - 1] === "\n") return at;
  const next = text.indexOf("\n", at);
  return next === -1 ? text.length : next + 1;
};

/** What stands before the first pair of a flow map: a line break and its indent, where each pair has a line. */
const spaceBefore = (text: string, map: YAMLMap): string => {
  const [first] = map.items;
  if (first === undefined) return "";
  return /^\r?\n[ \t]*$|^ *$/.exec(text.slice(startOf(map) + 1, startOf(first.key)))?.[0] ?? "";
};

/** A flow map anew, in the old one's layout: commas make the taking out of single pairs too delicate. */
const flowMap = (text: string, map: YAMLMap, values: ReadonlyMap<string, string>): Splice => {
  const [from, to] = rangeOf(map);
  const space = spaceBefore(text, map);
  const last = /(?:\r?\n[ \t]*| *)(?=\}$)/.exec(text.slice(from, to))?.[0] ?? "";
  const list = [...values].map(([name, value]) => `${json(name)}: ${json(value)}`);
  return { from, to, text: `{${space}${list.join(`,${space || " "}`)}${last}}` };
};

const withoutLines = (text: string, pair: Pair): Splice => ({
  from: text.lastIndexOf("\n", startOf(pair.key) - 1) + 1,
  to: lineEnd(text, endOfPair(pair)),
  text: "",
});

const apply = (source: Source, splices: readonly Splice[], shared: ReadonlySet<string>): string => {
  const others = unshared(source, shared).filter(
    (other) => !splices.some(({ from, to }) => from <= other.from && other.to <= to),
  );
  let result = source.text;
  for (const { from, to, text } of [...splices, ...others].toSorted((a, b) => b.from - a.from || b.to - a.to))
    result = result.slice(0, from) + text + result.slice(to);
  return result;
};
