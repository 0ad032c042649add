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

/** A longer key is no implicit one. */
const KEY = /^([A-Za-z][\w./-]{0,200}):(?: +|$)/;
const EMPTY = /^(?: *#.*)?$/;
const COMMENT_AFTER = /^ *(?: #.*)?$/;
const QUOTED = /^(?:"([^"\\]*)"|'([^']*)')/;
const PLAIN = /^[A-Za-z0-9/._+~]/;
const WORDS: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ...["~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);
const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** Whatever else could be a number in any form; a lone point too, in YAML 1.1. */
const NUMBER_LIKE = /^[-+]?(?:[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|0[xob][\da-f_]+|\.(?:inf|nan))$/i;
/** YAML 1.1 has more words for true and false. */
const OLD_WORD = /^(?:y|yes|n|no|on|off)$/i;

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
  const text = source.replaceAll("\r\n", "\n");
  if (/[^\n\x20-\x7e]/.test(text)) throw new NotPlain();
  const lines: Line[] = [];
  for (const [number, raw] of text.split("\n").entries()) {
    if (EMPTY.test(raw)) continue;
    if (raw.trimEnd() === "---" && lines.length === 0 && number === 0) continue;
    const indent = raw.search(/[^ ]/);
    lines.push({ indent, text: raw.slice(indent).trimEnd() });
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
    if (!KEY.test(rest) && !rest.startsWith("- ")) {
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
    const [whole, key] = KEY.exec(line.text) ?? [];
    if (line.indent > indent || whole === undefined || key === undefined) throw new NotPlain();
    if (found.has(key) || WORDS.has(key) || OLD_WORD.test(key)) throw new NotPlain();
    reader.at += 1;
    const rest = line.text.slice(whole.length);
    found.set(key, rest === "" || rest.startsWith("#") ? readBelow(reader, indent, depth) : readScalar(rest));
  }
};

/** The value of a key that has none on its own line. Lists may stand in the key's own column. */
const readBelow = (reader: Reader, indent: number, depth: number): unknown => {
  const next = reader.lines[reader.at];
  if (next === undefined || next.indent < indent || (next.indent === indent && !isItem(next))) return null;
  return readNode(reader, next.indent, depth + 1);
};

const readScalar = (text: string): unknown => {
  const quoted = QUOTED.exec(text);
  if (quoted !== null) {
    if (!COMMENT_AFTER.test(text.slice(quoted[0].length))) throw new NotPlain();
    return quoted[1] ?? quoted[2];
  }
  const plain = text.replace(/ +#.*$/, "");
  if (plain === "{}") return {};
  if (plain === "[]") return [];
  if (!PLAIN.test(plain) || plain.includes(": ") || plain.endsWith(":")) throw new NotPlain();
  const word = WORDS.get(plain);
  if (word !== undefined) return word;
  if (WHOLE_NUMBER.test(plain)) return Number(plain);
  if (NUMBER_LIKE.test(plain) || OLD_WORD.test(plain)) throw new NotPlain();
  return plain;
};
