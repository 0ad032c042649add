import { isDeepStrictEqual } from "node:util";
import type { Document, Node, YAMLMap } from "yaml";
import type * as Yaml from "yaml";
import { fallback, list, record, unknown } from "../base/decode.ts";
import { KnownError, systemCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { means, rewriteFile, unwritableFile } from "./rewrite.ts";
import { json } from "./splice.ts";
import { parseJsonText, parseYaml, readDocuments } from "./yaml.ts";

/** A user's stanza that runs a credential plugin, in the words of the file. */
export interface ExecStanza {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly interactiveMode: string;
  readonly provideClusterInfo?: boolean;
}

export interface ExecUserTarget {
  readonly path: string;
  readonly user: string;
  /** A context that gets the user. Default: none does. */
  readonly context?: string | undefined;
}

/**
 * Adds a user that runs a plugin, or gives one that does another plugin. Nothing else of the file changes; a file that is
 * not there is made. Resolves to what was done.
 * @throws {KnownError} KUBECONFIG_USER_TAKEN: the user signs in another way; CONTEXT_UNKNOWN; KUBECONFIG_LOCKED,
 *   KUBECONFIG_UNWRITABLE, KUBECONFIG_INVALID
 */
export async function writeExecUser(
  target: ExecUserTarget,
  exec: ExecStanza,
  system: System,
): Promise<"added" | "changed" | "unchanged"> {
  const { path, user } = target;
  const what = `the user "${user}"`;
  await makeFile(path, system, what);
  let done: "added" | "changed" | "unchanged" = "unchanged";
  const write = async (real: string, text: string): Promise<void> => await system.files.replace(real, text);
  await rewriteFile(path, { what, system, write }, async (text) => {
    const old = record((await parseYaml(text)) ?? {}, "");
    const change = changeOf(old, target, exec);
    done = change.done;
    return change.done === "unchanged" ? undefined : await edited(text, change, { path, what });
  });
  return done;
}

const makeFile = async (path: string, { files }: System, what: string): Promise<void> => {
  if ((await files.facts(path)) !== undefined) return;
  try {
    await files.create(path, "apiVersion: v1\nkind: Config\n");
  } catch (error) {
    // Somebody else was faster.
    if (systemCode(error) === "EEXIST") return;
    throw unwritableFile(what, path, systemCode(error) ?? "it cannot be made", error);
  }
};

type Values = Readonly<Record<string, unknown>>;

/** One place of the document and what stands there then. `append`: after the items of a list. */
interface Edit {
  readonly place: readonly (string | number)[];
  readonly value: unknown;
  readonly append: boolean;
}

interface Change {
  readonly done: "added" | "changed" | "unchanged";
  readonly edits: readonly Edit[];
  readonly wanted: Values;
}

const itemsOf = (document: Values, name: string): readonly unknown[] =>
  fallback(list(unknown), [])(document[name], name);

const nameOf = (item: unknown): string => {
  const name = item === null ? "" : record(item, "")["name"];
  return typeof name === "string" ? name : "";
};

const indexOf = (items: readonly unknown[], name: string): number =>
  items.findIndex((item) => nameOf(item) === name);

/** @throws {KnownError} KUBECONFIG_USER_TAKEN, CONTEXT_UNKNOWN */
const changeOf = (old: Values, { user, context, path }: ExecUserTarget, exec: ExecStanza): Change => {
  const users = itemsOf(old, "users");
  const at = indexOf(users, user);
  const edits: Edit[] = [];
  let wanted = old;
  if (at === -1) {
    const item = { name: user, user: { exec } };
    edits.push({ place: ["users"], value: item, append: true });
    wanted = { ...wanted, users: [...users, item] };
  } else {
    const entry = record(users[at], "");
    const stanza = record(entry["user"] ?? {}, "");
    const other = Object.keys(stanza).find((key) => key !== "exec" && stanza[key] !== null);
    if (other !== undefined)
      throw new KnownError(
        "KUBECONFIG_USER_TAKEN",
        `Cannot set the user "${user}" of "${path}": it signs in another way (${other})`,
      );
    if (!isDeepStrictEqual(stanza["exec"], { ...exec })) {
      const value = { exec };
      edits.push({ place: ["users", at, "user"], value, append: false });
      wanted = { ...wanted, users: users.with(at, { ...entry, user: value }) };
    }
  }
  if (context !== undefined) {
    const contexts = itemsOf(old, "contexts");
    const index = indexOf(contexts, context);
    if (index === -1)
      throw new KnownError("CONTEXT_UNKNOWN", `context "${context}" does not exist`, {
        hint: `Contexts of "${path}": ${contexts.map(nameOf).join(", ")}`,
      });
    const entry = record(contexts[index], "");
    const inner = record(entry["context"] ?? {}, "");
    if (inner["user"] !== user) {
      const value = { ...inner, user };
      edits.push({ place: ["contexts", index, "context"], value, append: false });
      wanted = { ...wanted, contexts: contexts.with(index, { ...entry, context: value }) };
    }
  }
  return { done: edits.length === 0 ? "unchanged" : at === -1 ? "added" : "changed", edits, wanted };
};

const edited = async (
  text: string,
  { edits, wanted }: Change,
  { path, what }: { readonly path: string; readonly what: string },
): Promise<string> => {
  // What goes through JSON is what the file says.
  const meant: unknown = JSON.parse(JSON.stringify(wanted));
  const isJson = parseJsonText(text) !== undefined;
  if (isJson) return `${json(wanted, /^[ \t]+(?=")/m.exec(text)?.[0])}\n`;
  let result = text;
  for (const edit of edits) {
    const next = await applied(result, edit);
    if (next === undefined) break;
    result = next;
  }
  if (await means(result, meant, false)) return result;
  throw unwritableFile(what, path, "it is written in a way that kauth cannot change without harm");
};

/** Undefined: the text is not written as files usually are. */
const applied = async (text: string, edit: Edit): Promise<string | undefined> => {
  const [document] = await readDocuments(text, { keepSourceTokens: true });
  const yaml = await import("yaml");
  if (edit.append) return appended(text, document?.contents ?? null, edit, yaml);
  return document === undefined ? undefined : replaced(text, document, edit, yaml);
};

const block = (value: unknown, column: number, yaml: typeof Yaml): string =>
  yaml
    .stringify(value, { lineWidth: 0 })
    .trimEnd()
    .split("\n")
    .join(`\n${" ".repeat(column)}`);

const columnOf = (text: string, at: number): number => at - (text.lastIndexOf("\n", at - 1) + 1);

const rangeOf = (node: unknown): readonly [number, number] | undefined => {
  const range = (node as Node | null | undefined)?.range;
  return range === null || range === undefined ? undefined : [range[0], range[1]];
};

const appended = (
  text: string,
  top: Document["contents"],
  { place: [name], value }: Edit,
  yaml: typeof Yaml,
): string | undefined => {
  const item = (column: number): string => `${" ".repeat(column)}- ${block(value, column + 2, yaml)}\n`;
  if (!yaml.isMap(top)) return top === null ? `${text}${String(name)}:\n${item(0)}` : undefined;
  if (top.flow === true) return undefined;
  const pair = top.items.findLast(({ key }) => yaml.isScalar(key) && key.value === name);
  if (pair === undefined) {
    const end = text.endsWith("\n") || text === "" ? "" : "\n";
    return `${text}${end}${String(name)}:\n${item(0)}`;
  }
  const list = pair.value;
  const range = rangeOf(list);
  if (yaml.isSeq(list) && list.flow !== true && range !== undefined) {
    const [start, end] = range;
    const at = text[end - 1] === "\n" ? end : lineEnd(text, end);
    const before = text[at - 1] === "\n" ? "" : "\n";
    return `${text.slice(0, at)}${before}${item(columnOf(text, start))}${text.slice(at)}`;
  }
  if (yaml.isSeq(list) && list.items.length > 0) return undefined;
  // `users: []`, `users: null` and `users:` are all the same.
  const key = rangeOf(pair.key);
  if (key === undefined) return undefined;
  const from = text.indexOf(":", key[1]) + 1;
  const to = range === undefined ? from : Math.max(from, range[1]);
  return `${text.slice(0, from)}\n${item(0).trimEnd()}${text.slice(to)}`;
};

const replaced = (
  text: string,
  document: Document,
  { place, value }: Edit,
  yaml: typeof Yaml,
): string | undefined => {
  const node: unknown = document.getIn(place, true);
  const range = rangeOf(node);
  if (!yaml.isMap(node) || range === undefined) return undefined;
  const [start, end] = range;
  if (node.flow === true) return `${text.slice(0, start)}${json(value)}${text.slice(end)}`;
  const onlyUser = userScalar(node, value, yaml);
  if (onlyUser !== undefined) return onlyUser(text);
  const column = columnOf(text, start);
  const tail = text.slice(start, end).endsWith("\n") ? "\n" : "";
  return `${text.slice(0, start)}${block(value, column, yaml)}${tail}${text.slice(end)}`;
};

/** Of a context only the user changes, so only that word does. */
const userScalar = (
  node: YAMLMap,
  value: unknown,
  yaml: typeof Yaml,
): ((text: string) => string) | undefined => {
  const user = record(value, "")["user"];
  const pair = node.items.findLast(({ key }) => yaml.isScalar(key) && key.value === "user");
  const range = rangeOf(pair?.value);
  if (typeof user !== "string" || !yaml.isScalar(pair?.value) || range === undefined) return undefined;
  return (text) => `${text.slice(0, range[0])}${json(user)}${text.slice(range[1])}`;
};

const lineEnd = (text: string, at: number): number => {
  const next = text.indexOf("\n", at);
  return next === -1 ? text.length : next + 1;
};
