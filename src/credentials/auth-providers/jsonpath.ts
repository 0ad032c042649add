import { parseTemplate, type Node, type Slice } from "./jsonpath-parser.ts";

/** What a template may look at and find; a sum over all steps. */
const VISIT_LIMIT = 100_000;
/** JSON within JSON. */
const DEPTH_LIMIT = 500;

/**
 * Fills kubectl's JSONPath template in: `{.credential.access_token}` (client-go, package jsonpath). Values of one
 * action are joined by a space, objects and lists are JSON, `null` is `<nil>`.
 * @throws {SyntaxError} with client-go's text; no value is quoted
 */
export const fillTemplate = (template: string, data: unknown): string => {
  const nodes = parseTemplate(template);
  const budget = { left: VISIT_LIMIT };
  return runBlock(nodes, 0, data, budget, false).text;
};

interface Budget {
  left: number;
}

const spend = (budget: Budget, amount: number): void => {
  budget.left -= amount;
  if (budget.left < 0) throw new SyntaxError(`more than ${VISIT_LIMIT} values`);
};

/** Runs nodes up to the end, or within a range up to its `end`. */
const runBlock = (
  nodes: readonly Node[],
  start: number,
  data: unknown,
  budget: Budget,
  inRange: boolean,
): { readonly text: string; readonly next: number } => {
  let text = "";
  for (let at = start; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (node === undefined) break;
    spend(budget, 1);
    const word = node.kind === "list" ? node.nodes.find(({ kind }) => kind === "identifier") : undefined;
    const name = word?.kind === "identifier" ? word.name : undefined;
    if (node.kind === "list" && name === "range") {
      const found = walkList(
        node.nodes.filter((each) => each !== word),
        [data],
        budget,
      );
      let next = nodes.length;
      // As in client-go the block is tried on nothing when there is nothing: a field in it is then missing.
      for (const value of found.length === 0 ? [undefined] : found) {
        const block = runBlock(nodes, at + 1, value, budget, true);
        if (found.length > 0) text += block.text;
        next = block.next;
      }
      at = next;
      continue;
    }
    if (name === "end") {
      if (!inRange) throw new SyntaxError("not in range, nothing to end");
      return { text, next: at };
    }
    text += walk(node, [data], budget).map(print).join(" ");
  }
  return { text, next: nodes.length };
};

const walkList = (nodes: readonly Node[], input: readonly unknown[], budget: Budget): readonly unknown[] => {
  let values = input;
  for (const node of nodes) values = walk(node, values, budget);
  return values;
};

const walk = (node: Node, input: readonly unknown[], budget: Budget): readonly unknown[] => {
  spend(budget, input.length + 1);
  switch (node.kind) {
    case "text":
      return [node.text];
    case "value":
      return input.map(() => node.value);
    case "list":
      return walkList(node.nodes, input, budget);
    case "field":
      return fields(node.name, input);
    case "identifier":
      throw new SyntaxError(`unrecognized identifier ${node.name}`);
    case "wildcard":
      return input.flatMap((value) => childrenOf(value, budget));
    case "recursive":
      return input.flatMap((value) => descend(value, budget, 0));
    case "slice":
      return input.flatMap((value) => (isNothing(value) ? [] : cut(listOf(value), node.slice)));
    case "union":
      return node.lists.flatMap((list) => walkList(list, input, budget));
    case "filter":
      return input.flatMap((value) => filter(value, node, budget));
    default:
      return node satisfies never;
  }
};

const isNothing = (value: unknown): boolean => value === null || value === undefined;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const fields = (name: string, input: readonly unknown[]): readonly unknown[] => {
  if (input.length === 0) return [];
  const found = input.filter((value) => isObject(value) && Object.hasOwn(value, name));
  if (found.length === 0) throw new SyntaxError(`${name} is not found`);
  return found.map((value) => (isObject(value) ? value[name] : undefined));
};

const childrenOf = (value: unknown, budget: Budget): readonly unknown[] => {
  const children = Array.isArray(value)
    ? (value as readonly unknown[])
    : isObject(value)
      ? Object.values(value)
      : [];
  spend(budget, children.length);
  return children;
};

/** Everything that has something in it, the value itself first. */
const descend = (value: unknown, budget: Budget, depth: number): readonly unknown[] => {
  if (depth > DEPTH_LIMIT) throw new SyntaxError(`deeper than ${DEPTH_LIMIT} levels`);
  const children = childrenOf(value, budget);
  if (children.length === 0) return [];
  return [value, ...children.flatMap((child) => descend(child, budget, depth + 1))];
};

/** Go's name for what JSON holds. */
const typeOf = (value: unknown): string =>
  isObject(value)
    ? "map[string]interface {}"
    : typeof value === "string"
      ? "string"
      : typeof value === "number"
        ? "float64"
        : "bool";

const listOf = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new SyntaxError(`${typeOf(value)} is not array or slice`);
  return value as readonly unknown[];
};

const cut = (list: readonly unknown[], slice: Slice): readonly unknown[] => {
  const { length } = list;
  let from = slice.from ?? 0;
  if (from < 0) from += length;
  let to = slice.to ?? length;
  if (to < 0 || (to === 0 && slice.single)) to += length;
  if (to === from) return [];
  const outside = (index: number): SyntaxError =>
    new SyntaxError(`array index out of bounds: index ${index}, length ${length}`);
  if (from >= length || from < 0) throw outside(from);
  if (to > length || to < 0) throw outside(to - 1);
  if (from > to) throw new SyntaxError(`starting index ${from} is greater than ending index ${to}`);
  const step = slice.step ?? 1;
  if (step <= 0) throw new SyntaxError("step must be > 0");
  return list.slice(from, to).filter((_value, index) => index % step === 0);
};

const filter = (
  value: unknown,
  node: Extract<Node, { kind: "filter" }>,
  budget: Budget,
): readonly unknown[] => {
  if (!Array.isArray(value))
    throw new SyntaxError(`${typeOf(value)} is not array or slice and cannot be filtered`);
  return (value as readonly unknown[]).filter((item) => {
    if (node.operator === "exists") return hasAny(node.left, item, budget);
    const left = walkList(node.left, [item], budget);
    if (left.length === 0) return false;
    const right = walkList(node.right, [item], budget);
    if (right.length === 0) return false;
    if (left.length > 1 || right.length > 1) throw new SyntaxError("can only compare one element at a time");
    return compare(left[0], right[0], node.operator);
  });
};

const hasAny = (nodes: readonly Node[], item: unknown, budget: Budget): boolean => {
  try {
    return walkList(nodes, [item], budget).length > 0;
  } catch {
    spend(budget, 0);
    return false;
  }
};

const compare = (left: unknown, right: unknown, operator: string): boolean => {
  const both =
    (typeof left === "string" && typeof right === "string") ||
    (typeof left === "number" && typeof right === "number") ||
    (typeof left === "boolean" && typeof right === "boolean");
  if (!both) throw new SyntaxError("incompatible types for comparison");
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      throw new SyntaxError(`unrecognized filter operator ${operator}`);
  }
};

const print = (value: unknown): string => {
  if (isNothing(value)) return "<nil>";
  return typeof value === "string" ? value : writeJson(value, 0);
};

/** As Go writes it: keys in order. */
const writeJson = (value: unknown, depth: number): string => {
  if (depth > DEPTH_LIMIT) throw new SyntaxError(`deeper than ${DEPTH_LIMIT} levels`);
  if (Array.isArray(value)) return `[${value.map((item) => writeJson(item, depth + 1)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${writeJson(item, depth + 1)}`).join(",")}}`;
};
