import fc from "fast-check";
import { expect, test } from "vitest";
import { logTo } from "../base/log.ts";
import { warningPrinter, warningsOf } from "./warnings.ts";

const of = (...lines: readonly string[]): readonly string[] =>
  warningsOf(lines.map((line) => ["Warning", line] as const));

test.each<[name: string, lines: readonly string[], wanted: readonly string[]]>([
  ["one", ['299 - "a b"'], ["a b"]],
  ["an agent", ['299 kube-apiserver "a"'], ["a"]],
  ["quotes and backslashes", [String.raw`299 - "a \"b\" \\c"`], [String.raw`a "b" \c`]],
  ["a date", ['299 - "a" "Sun, 06 Nov 1994 08:49:37 GMT"'], ["a"]],
  ["several in a line", ['299 - "a", 299 - "b" "date",299 - "c"'], ["a", "b", "c"]],
  ["several lines", ['299 - "a"', '299 - "b"'], ["a", "b"]],
  ["another code", ['199 - "a", 299 - "b"'], ["b"]],
  ["no text", ['299 - ""'], []],
  ["a mistake after a good one", ['299 - "a", nonsense, 299 - "b"'], ["a"]],
  ["no code", ['- "a"'], []],
  ["no agent", ['299 "a"'], []],
  ["no quotes", ["299 - a"], []],
  ["no end", ['299 - "a'], []],
  ["something behind", ['299 - "a" b'], []],
  ["controls", ['299 - "a\u0007"'], []],
  ["UTF-8, a byte a letter", [`299 - "${Buffer.from("grüße").toString("latin1")}"`], ["grüße"]],
  ["bytes that are no UTF-8", ['299 - "a\u00ff"'], []],
  ["nothing", [""], []],
])("%s", (_name, lines, wanted) => {
  expect(of(...lines)).toEqual(wanted);
});

test("any text comes back as it was written, and no line crashes it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ unit: "binary" }), (text, line) => {
      const quoted = text.replaceAll(/[\\"]/g, String.raw`\$&`);
      expect(of(`299 - "${quoted}"`)).toEqual(/\p{Cc}/u.test(text) ? [] : [text]);
      of(line);
    }),
  );
});

test("a server that always says something else is not remembered without end", () => {
  const said: string[] = [];
  const print = warningPrinter(logTo({ out: () => undefined, err: (text) => said.push(text) }, 0));
  for (let turn = 0; turn < 3_000; turn++) print([["Warning", `299 - "number ${turn}"`]]);
  expect(said).toHaveLength(1_000);
});
