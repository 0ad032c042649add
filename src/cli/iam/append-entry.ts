import { isDeepStrictEqual } from "node:util";
import { isSeq, parse, parseDocument, stringify } from "yaml";

/** One entry of `mapRoles` or `mapUsers`, as it is written. */
export type WrittenEntry = Readonly<
  Record<string, string | readonly string[] | Readonly<Record<string, string>>>
>;

/** Numbers stay as they are written: accounts may begin with 0. */
const OPTIONS = { schema: "failsafe", maxAliasCount: 0 } as const;

/**
 * A text with a list, and one entry more at its end. Every byte that was there stays, comments too, wherever the list is
 * written in lines; else its comments stay.
 * @throws {SyntaxError} for what is no list
 */
export const appendEntry = (text: string, entry: WrittenEntry): string => {
  const document = parseDocument(text, OPTIONS);
  const [fault] = document.errors;
  if (fault !== undefined) throw new SyntaxError(fault.message.split("\n", 1)[0] ?? "");
  const list: unknown = document.contents;
  const before: unknown = parse(text, OPTIONS) ?? [];
  if (before === "" || (Array.isArray(before) && before.length === 0 && !/\S/.test(withoutComments(text))))
    return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${lines(entry, "")}`;
  if (!Array.isArray(before) || !isSeq(list)) throw new SyntaxError("it is no list");
  const wanted = [...(before as readonly unknown[]), entry];
  if (list.flow !== true) {
    const [start = 0] = list.range ?? [];
    const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
    const added = `${text.replace(/\s*$/, "")}\n${lines(entry, indent)}`;
    if (/^ *$/.test(indent) && isDeepStrictEqual(safely(added), wanted)) return added;
  }
  list.flow = false;
  list.add(document.createNode(entry));
  return document.toString({ lineWidth: 0 });
};

const withoutComments = (text: string): string => text.replace(/^\s*#.*$/gm, "");

const safely = (text: string): unknown => {
  try {
    return parse(text, OPTIONS) as unknown;
  } catch {
    return undefined;
  }
};

const lines = (entry: WrittenEntry, indent: string): string =>
  stringify([entry], { lineWidth: 0, defaultStringType: "PLAIN" }).replace(/^(?=.)/gm, indent);
