/** One step of a template. A list is what stands between two braces. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly value: boolean | number }
  | { readonly kind: "list"; readonly nodes: readonly Node[] }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "identifier"; readonly name: string }
  | { readonly kind: "wildcard" | "recursive" }
  | { readonly kind: "slice"; readonly slice: Slice }
  | { readonly kind: "union"; readonly lists: readonly (readonly Node[])[] }
  | {
      readonly kind: "filter";
      readonly left: readonly Node[];
      readonly right: readonly Node[];
      /** "exists" where only the left side was written. */
      readonly operator: string;
    };

export interface Slice {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number | undefined;
  /** One index was written: `to` follows from `from`. */
  readonly single: boolean;
}

/** Templates are one line in a kubeconfig. */
const TEMPLATE_LIMIT = 4096;
/** Unions and filters within each other. */
const DEPTH_LIMIT = 16;

const TERMINATORS = new Set([" ", "\t", "\r", "\n", ".", ",", "[", "]", "$", "@", "{", "}", ""]);

/**
 * kubectl's JSONPath templates: text with actions in braces (Kubernetes documentation, "JSONPath Support").
 * @throws {SyntaxError} with client-go's text
 */
export const parseTemplate = (template: string, depth = 0): readonly Node[] => {
  if (template.length > TEMPLATE_LIMIT) throw new SyntaxError(`longer than ${TEMPLATE_LIMIT} characters`);
  if (depth > DEPTH_LIMIT) throw new SyntaxError("too many filters within each other");
  const nodes: Node[] = [];
  for (let at = 0; at < template.length;) {
    const open = template.indexOf("{", at);
    const end = open < 0 ? template.length : open;
    if (end > at) nodes.push({ kind: "text", text: template.slice(at, end) });
    if (open < 0) break;
    const action = parseAction(template, open + 1, depth);
    nodes.push({ kind: "list", nodes: action.nodes });
    at = action.end;
  }
  return nodes;
};

/** The steps of one action that is written without its braces. */
const parseInner = (text: string, depth: number): readonly Node[] => {
  const [first] = parseTemplate(`{${text}}`, depth + 1);
  return first?.kind === "list" ? first.nodes : [];
};

/** From after the opening brace to after the closing one. */
const parseAction = (
  text: string,
  start: number,
  depth: number,
): { readonly nodes: readonly Node[]; readonly end: number } => {
  const nodes: Node[] = [];
  let at = start;
  for (;;) {
    const rest = text.slice(at);
    const first = rest[0] ?? "";
    if (first === "}") return { nodes, end: at + 1 };
    if (first === "" || first === "\n" || first === "\r") throw new SyntaxError("unclosed action");
    if (rest.startsWith("[?(")) at += pushFilter(rest, nodes, depth);
    else if (rest.startsWith("..")) at += pushRecursive(rest, nodes);
    else if (first === " " || first === "@" || first === "$") at += 1;
    else if (first === "[") at += pushArray(rest, nodes, depth);
    else if (first === '"' || first === "'") at += pushQuoted(rest, first, nodes);
    else if (first === ".") at += 1 + pushField(rest.slice(1), nodes);
    else if (/^[-+\p{Nd}]/u.test(rest)) at += pushNumber(rest, nodes);
    else if (/^[_\p{L}]/u.test(rest)) at += pushWord(rest, nodes);
    else {
      const point = rest.codePointAt(0) ?? 0;
      const name = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
      throw new SyntaxError(`unrecognized character in action: ${name} '${String.fromCodePoint(point)}'`);
    }
  }
};

/** Up to the next terminator that no backslash protects; the number of characters. */
const wordLength = (text: string): number => {
  let at = 0;
  while (!TERMINATORS.has(text[at] ?? "")) at += text[at] === "\\" ? 2 : 1;
  return Math.min(at, text.length);
};

const pushField = (text: string, nodes: Node[]): number => {
  const length = wordLength(text);
  const name = text.slice(0, length);
  nodes.push(name === "*" ? { kind: "wildcard" } : { kind: "field", name: name.replaceAll("\\", "") });
  return length;
};

const pushRecursive = (text: string, nodes: Node[]): number => {
  if (nodes.at(-1)?.kind === "recursive") throw new SyntaxError("invalid multiple recursive descent");
  nodes.push({ kind: "recursive" });
  return 2 + (/^\.\.[_\p{L}\p{Nd}]/u.test(text) ? pushField(text.slice(2), nodes) : 0);
};

const pushNumber = (text: string, nodes: Node[]): number => {
  const [written = ""] = /^[-+]?[.\d]*/.exec(text) ?? [];
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(written)) throw new SyntaxError(`cannot parse number ${written}`);
  nodes.push({ kind: "value", value: Number(written) });
  return written.length;
};

const pushWord = (text: string, nodes: Node[]): number => {
  let length = 0;
  while (!TERMINATORS.has(text[length] ?? "")) length += 1;
  const word = text.slice(0, length);
  if (word === "true" || word === "false") nodes.push({ kind: "value", value: word === "true" });
  else nodes.push({ kind: "identifier", name: word });
  return length;
};

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

const pushQuoted = (text: string, quote: string, nodes: Node[]): number => {
  let end = 1;
  while (text[end] !== quote || text[end - 1] === "\\") {
    if (text[end] === undefined || text[end] === "\n") throw new SyntaxError("unterminated quoted string");
    end += 1;
  }
  const inner = text
    .slice(1, end)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([^]?))/g,
      (_found, byte: string | undefined, unit: string | undefined, character: string | undefined) => {
        if (byte !== undefined || unit !== undefined)
          return String.fromCodePoint(Number.parseInt(byte ?? unit ?? "", 16));
        const meant = character === quote ? quote : ESCAPES[character ?? ""];
        if (meant === undefined) throw new SyntaxError("unquote string error invalid syntax");
        return meant;
      },
    );
  nodes.push({ kind: "text", text: inner });
  return end + 1;
};

const pushArray = (text: string, nodes: Node[], depth: number): number => {
  const end = /[\]\n]/.exec(text)?.index;
  if (end === undefined || text[end] !== "]") throw new SyntaxError("unterminated array");
  const inner = text.slice(1, end) === "*" ? ":" : text.slice(1, end);
  const items = inner.split(",");
  if (items.length > 1)
    nodes.push({
      kind: "union",
      lists: items.map((item) => parseInner(`[${item.replaceAll(/^ +| +$/g, "")}]`, depth)),
    });
  else {
    const key = /^'([^']*)'$/.exec(inner);
    if (key === null) nodes.push({ kind: "slice", slice: readSlice(inner) });
    else nodes.push(...parseInner(`.${key[1] ?? ""}`, depth));
  }
  return end + 1;
};

const readSlice = (text: string): Slice => {
  const found = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (found === null) throw new SyntaxError(`invalid array index ${text}`);
  const number = (written: string): number | undefined => {
    if (written === "") return undefined;
    if (!/^-?\d{1,15}$/.test(written)) throw new SyntaxError(`array index ${written} is not a number`);
    return Number(written);
  };
  const from = number(found[1] ?? "");
  const single = found[2] === undefined;
  return {
    from,
    to: single ? (from ?? 0) + 1 : number(found[2]?.slice(1) ?? ""),
    step: number(found[3]?.slice(1) ?? ""),
    single,
  };
};

const pushFilter = (text: string, nodes: Node[], depth: number): number => {
  let quote: string | undefined;
  let closed = true;
  let at = 3;
  for (; ; at += 1) {
    const character = text[at];
    if (character === undefined || character === "\n") throw new SyntaxError("unterminated filter");
    if (character === '"' || character === "'") {
      if (quote === undefined) {
        quote = character;
        closed = false;
      } else if (character === quote && text[at - 1] !== "\\") closed = true;
    }
    if (character === ")" && closed) break;
  }
  if (text[at + 1] !== "]") throw new SyntaxError("unclosed array expect ]");
  const inner = text.slice(3, at);
  const parts = /^([^!<>=]+)([!<>=]+)(.+)$/.exec(inner);
  nodes.push(
    parts === null
      ? { kind: "filter", left: parseInner(inner, depth), right: [], operator: "exists" }
      : {
          kind: "filter",
          left: parseInner(parts[1] ?? "", depth),
          right: parseInner(parts[3] ?? "", depth),
          operator: parts[2] ?? "",
        },
  );
  return at + 2;
};
