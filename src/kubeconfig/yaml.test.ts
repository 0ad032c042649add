import { describe, expect, test } from "vitest";
import { parseYaml } from "./yaml.ts";

const user = (...lines: readonly string[]): string =>
  ["x: &x {a: 1}", "z: &z {<<: *x, a: 2, b: 3}", "user:", ...lines.map((line) => `  ${line}`), ""].join("\n");

describe("a merge counts where it stands, as for kubectl", () => {
  test.each<[string, readonly string[], Readonly<Record<string, unknown>>]>([
    ["after a key", ["token: a", "<<: {token: z}"], { token: "z" }],
    ["before a key", ["<<: {token: z}", "token: a"], { token: "a" }],
    ["between keys", ["a: 7", "b: 8", "<<: *z", "b: 9"], { a: 2, b: 9 }],
    ["of several the first", ["b: 0", "<<: [*x, *z]"], { a: 1, b: 3 }],
    ["of two the last", ["<<: {a: 1}", "<<: {a: 2}"], { a: 2 }],
    ["of one that merges", ["a: 0", "<<: *z"], { a: 2, b: 3 }],
    ["of a map that merges after its keys", ["<<: {a: 5, <<: *x}"], { a: 1 }],
    ["of nothing", ["a: 1", "<<: []"], { a: 1 }],
    ["not in quotes", ["a: 1", '"<<": {a: 2}'], { a: 1, "<<": { a: 2 } }],
    ["of __proto__", ["<<: {__proto__: 1}"], JSON.parse('{"__proto__": 1}') as Record<string, unknown>],
  ])("%s", async (_name, lines, wanted) => {
    expect(await parseYaml(user(...lines))).toMatchObject({ user: wanted });
  });

  test.each([
    ["of text", "<<: q"],
    ["of null", "<<:"],
    ["of itself", "<<: &y {<<: *y}"],
    ["of a list in a list", "<<: [[*x]]"],
  ])("%s it is a mistake", async (_name, line) => {
    await expect(parseYaml(user("a: 1", line))).rejects.toThrow("a merge has no map");
  });
});

describe("what kubectl would read otherwise is refused", () => {
  test.each([
    ["U+2028", "\u2028", "a line break that is none in ASCII"],
    ["U+2029", "\u2029", "a line break that is none in ASCII"],
    ["U+0085", "\u0085", "a line break that is none in ASCII"],
    ["a carriage return alone", "\r", "a carriage return without a line feed"],
    ["two carriage returns", "\r\r\n", "a carriage return without a line feed"],
  ])("%s", async (_name, end, wanted) => {
    const text = `a: 1\nserver: https://good # x${end}server: https://evil\n`;
    await expect(parseYaml(text)).rejects.toThrow(`yaml: line 2: ${wanted}`);
    await expect(parseYaml(`{"a": "b",${end}"c": 1}`)).rejects.toThrow(`yaml: line 1: ${wanted}`);
  });

  test.each([
    ["half a character", 'a: "\\ud800"', "half of a character"],
    ["half a character for a name", '"\\udfff": b', "half of a character"],
    ["half a character in JSON", '{"a": ["\\ud800"]}', "half of a character"],
    ["half a name in JSON", '{"\\ud800": 1}', "half of a character"],
    ["null for a key", "null: 1", "a key that is no text"],
    ["a list for a key", "[a]: 1", "a key that is no text"],
    ["an alias for a key", "a: &a b\n*a : 1", "a key that is no text"],
  ])("%s", async (_name, text, wanted) => {
    await expect(parseYaml(text)).rejects.toThrow(wanted);
  });

  test("a whole character in two halves, and escaped breaks, are text", async () => {
    expect(await parseYaml('a: "\\ud83d\\ude00\\u2028\\r"')).toEqual({ a: "😀\u2028\r" });
    expect(await parseYaml('{"a": "\\ud83d\\ude00\\u2028"}')).toEqual({ a: "😀\u2028" });
  });
});
