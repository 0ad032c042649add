import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { inParentheses } from "../tools/eager.ts";

/** `«…»` marks what was called. */
const marked = (
  text: string,
): {
  readonly plain: string;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
} => {
  const ranges: { start: number; end: number }[] = [];
  const open: number[] = [];
  let plain = "";
  for (const letter of text) {
    if (letter === "«") open.push(plain.length);
    else if (letter === "»") ranges.push({ start: open.pop() ?? 0, end: plain.length });
    else plain += letter;
  }
  return { plain, ranges };
};

test.each([
  { name: "an arrow function", text: "let f = «(a) => a + 1»;", is: "let f = ((a) => a + 1);" },
  { name: "one without parentheses", text: "let f = «a => a»;", is: "let f = (a => a);" },
  { name: "an async one", text: "let f = «async (a) => a»;", is: "let f = (async (a) => a);" },
  {
    name: "a function that is a value",
    text: "let f = «function (a) { return a; }»;",
    is: "let f = (function (a) { return a; });",
  },
  { name: "one in another", text: "let f = «() => «() => 1»»;", is: "let f = (() => (() => 1));" },
  { name: "an argument", text: "[1].map(«(a) => a»);", is: "[1].map(((a) => a));" },
  {
    name: "the value of a key",
    text: "let o = { f: «async () => 1» };",
    is: "let o = { f: (async () => 1) };",
  },
])("is put into parentheses: $name", ({ text, is }) => {
  const { plain, ranges } = marked(text);
  expect(inParentheses(plain, ranges)).toBe(is);
});

test.each([
  { name: "a declaration", text: "let a = 1;\n«function f() { return a; }»\nf();" },
  { name: "an async declaration", text: "«async function f() {}»" },
  { name: "a method", text: "let o = { «get(a) { return a; }» };" },
  { name: "a method of a class", text: "class A { «async get(a) { return a; }» }" },
  { name: "a getter", text: "let o = { «get a() { return 1; }» };" },
])("is left alone: $name", ({ text }) => {
  const { plain, ranges } = marked(text);
  expect(inParentheses(plain, ranges)).toBe(plain);
});

test("says the same afterwards, names of functions too", () => {
  const { plain, ranges } = marked(
    "let add = «(a, b) => a + b», later = «function () { return «() => add(1, 2)»; }»; [add.name, later.name, later()()].join()",
  );
  const parted = inParentheses(plain, ranges);
  expect(parted).not.toBe(plain);
  expect(runInNewContext(parted)).toBe(runInNewContext(plain));
});
