/**
 * The YAML that programs write: block mappings and lists of one-line scalars, printable ASCII, no anchor, tag, escape or
 * block scalar, and no word that YAML 1.1 and 1.2 read differently. Kubeconfigs are of this kind, and the whole language
 * takes a parser that loads longer than everything else that kauth does at its start.
 * @see https://yaml.org/spec/1.2.2/ §10.3 for what a plain scalar means
 */

interface Line {
  /** Column of the first character. */
  indent: number;
  text: string;
}

/** Deeper than any kubeconfig; what is deeper is left to the parser, which has a limit of its own. */
const DEPTH_LIMIT = 32;
/** The language has a limit of 1024 for keys that need no mark; real ones are short. */
const KEY_LIMIT = 200;

const WORDS: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ...["~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);
/** YAML 1.1 has more words for true and false. */
const OLD_WORDS: ReadonlySet<string> = new Set(["y", "yes", "n", "no", "on", "off"]);
const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** Whatever else could be a number in any form, once its underscores are gone; a lone point too, in YAML 1.1. */
const NUMBER_LIKE = /^[-+]?(?:\d*(?:\.\d*)?(?:e[-+]?\d+)?|0[xob][\da-f]+|\.(?:inf|nan))$/i;

/** Thrown inside only: the text is more than plain. */
class NotPlain extends Error {}

/** What the text says, or undefined where it is not plain; then, and for its faults, a whole parser is needed. */
export const readPlainYaml = (text: string): unknown => {
  try {
    return readBlock(text);
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
};

const readBlock = (source: string): unknown => {
  const text = source.includes("\r") ? source.replaceAll("\r\n", "\n") : source;
  if (/[^\n\x20-\x7e]/.test(text)) throw new NotPlain();
  const lines: Line[] = [];
  for (const [number, raw] of text.split("\n").entries()) {
    const content = raw.trimStart();
    if (content === "" || content.startsWith("#")) continue;
    if (number === 0 && raw.trimEnd() === "---") continue;
    lines.push({ indent: raw.length - content.length, text: content.trimEnd() });
  }
  const [first] = lines;
  if (first === undefined || first.indent !== 0) throw new NotPlain();
  const reader = { lines, at: 0 };
  const value = readNode(reader, 0, 0);
  if (reader.at < lines.length) throw new NotPlain();
  return value;
};

interface Reader {
  readonly lines: Line[];
  at: number;
}

const isItem = (line: Line): boolean => line.text === "-" || line.text.startsWith("- ");

const readNode = (reader: Reader, indent: number, depth: number): unknown => {
  if (depth > DEPTH_LIMIT) throw new NotPlain();
  const line = reader.lines[reader.at];
  if (line === undefined) throw new NotPlain();
  return isItem(line) ? readList(reader, indent, depth) : readMapping(reader, indent, depth);
};

const readList = (reader: Reader, indent: number, depth: number): readonly unknown[] => {
  const items: unknown[] = [];
  for (;;) {
    const line = reader.lines[reader.at];
    if (line === undefined || line.indent < indent || (line.indent === indent && !isItem(line))) return items;
    if (line.indent > indent) throw new NotPlain();
    const rest = line.text.slice(1).trimStart();
    if (rest === "" || rest.startsWith("#")) throw new NotPlain();
    if (keyOf(rest) === undefined && !rest.startsWith("- ")) {
      reader.at += 1;
      items.push(readScalar(rest));
      continue;
    }
    // What follows the dash is a block of its own, that starts in this column.
    line.indent += line.text.length - rest.length;
    line.text = rest;
    items.push(readNode(reader, line.indent, depth + 1));
  }
};

const readMapping = (reader: Reader, indent: number, depth: number): unknown => {
  const found = new Map<string, unknown>();
  for (;;) {
    const line = reader.lines[reader.at];
    if (line === undefined || line.indent < indent) return Object.fromEntries(found);
    const key = keyOf(line.text);
    if (line.indent > indent || key === undefined) throw new NotPlain();
    if (found.has(key) || WORDS.has(key) || OLD_WORDS.has(key.toLowerCase())) throw new NotPlain();
    reader.at += 1;
    const rest = line.text.slice(key.length + 1).trimStart();
    found.set(key, rest === "" || rest.startsWith("#") ? readBelow(reader, indent, depth) : readScalar(rest));
  }
};

/** The value of a key that has none on its own line. Lists may stand in the key's own column. */
const readBelow = (reader: Reader, indent: number, depth: number): unknown => {
  const next = reader.lines[reader.at];
  if (next === undefined || next.indent < indent || (next.indent === indent && !isItem(next))) return null;
  return readNode(reader, next.indent, depth + 1);
};

/** The key of `key: value` or `key:`, if it is a plain one: a letter, then letters, digits and `_ . / -`. */
const keyOf = (text: string): string | undefined => {
  const end = text.indexOf(":");
  if (end < 1 || end > KEY_LIMIT || (end + 1 < text.length && text[end + 1] !== " ")) return undefined;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    // From "-" to "9" there are "-", "." and "/" before the digits.
    if (!letter && (at === 0 || !((code >= 0x2d && code <= 0x39) || code === 0x5f))) return undefined;
  }
  return text.slice(0, end);
};

const readScalar = (text: string): unknown => {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = text.indexOf(quote, 1);
    const after = text.slice(end + 1);
    const inside = text.slice(1, end);
    const comment = after === "" || (after.startsWith(" ") && after.trimStart().startsWith("#"));
    if (end === -1 || !comment || (quote === '"' && inside.includes("\\"))) throw new NotPlain();
    return inside;
  }
  const start = text.indexOf(" #");
  const plain = start === -1 ? text : text.slice(0, start).trimEnd();
  if (plain === "{}") return {};
  if (plain === "[]") return [];
  const word = WORDS.get(plain);
  if (word !== undefined) return word;
  if (!isPlain(plain)) throw new NotPlain();
  const first = plain[0] ?? "";
  if (first <= "9") {
    if (WHOLE_NUMBER.test(plain)) return Number(plain);
    if (isNumberLike(plain)) throw new NotPlain();
  } else if (first === "_" && isNumberLike(plain)) throw new NotPlain();
  if (plain.length < 4 && OLD_WORDS.has(plain.toLowerCase())) throw new NotPlain();
  return plain;
};

/** Go passes over underscores wherever they stand. */
const isNumberLike = (text: string): boolean => NUMBER_LIKE.test(text.replaceAll("_", ""));

/** Begins with a letter, a digit or one of `/ . _ + ~`, and has no colon that would make it a key. */
const isPlain = (text: string): boolean => {
  const code = text.charCodeAt(0);
  const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  const begins = letter || (code >= 0x2e && code <= 0x39) || "_+~".includes(text[0] ?? " ");
  return begins && !text.includes(": ") && !text.endsWith(":");
};
