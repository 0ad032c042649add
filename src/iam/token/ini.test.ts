import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIni } from "./ini.ts";

/** `{ section: { key: value } }`, with nested keys as `key.below`. */
const plain = (text: string): Readonly<Record<string, Readonly<Record<string, string>>>> =>
  Object.fromEntries(
    [...parseIni(text)].map(([name, { values, nested }]) => [
      name,
      Object.fromEntries([
        ...values,
        ...[...nested].flatMap(([key, below]) =>
          [...below].map(([inner, value]) => [`${key}.${inner}`, value] as const),
        ),
      ]),
    ]),
  );

describe("what AWS's SDK for Go reads", () => {
  test.each([
    ["a key", "[a]\nk = v", { a: { k: "v" } }],
    ["no blanks", "[a]\nk=v", { a: { k: "v" } }],
    ["a colon", "[a]\nk: v=w", { a: { k: "v=w" } }],
    ["the first sign parts", "[a]\nk=v:w", { a: { k: "v:w" } }],
    ["a colon and then an equals sign", "[a]\nk := v", { a: { k: "= v" } }],
    ["keys in lower case, values as they are", "[A]\nAWS_Region = US", { A: { aws_region: "US" } }],
    ["Windows lines", "[a]\r\nk = v\r\n", { a: { k: "v" } }],
    ["a byte order mark", "\uFEFF[a]\nk=v", { a: { k: "v" } }],
    ["a comment", "[a]\n# k = v\n  ; k = v\nl = w", { a: { l: "w" } }],
    ["a comment behind a value", "[a]\nk = v # c\nl = w\t;c", { a: { k: "v", l: "w" } }],
    ["no comment: no blank", "[a]\nk = v#c;d", { a: { k: "v#c;d" } }],
    ["a comment behind a section", "[a]#c\nk=v\n[b];c\nl=w", { a: { k: "v" }, b: { l: "w" } }],
    ["blanks in and around a section", " [ \tprofile  foo\t ] ; c\nk=v", { "profile foo": { k: "v" } }],
    ["blanks in a name stay", "[profile foo  bar]\nk=v", { "profile foo  bar": { k: "v" } }],
    ["double quotes", '[a]\nk = "v w"', { a: { k: "v w" } }],
    ["single quotes", "[a]\nk = 'v'", { a: { k: "v" } }],
    ["quotes that do not match", "[a]\nk = \"v'", { a: { k: "\"v'" } }],
    ["one quote", '[a]\nk = "', { a: { k: '"' } }],
    ["backslashes stay", '[a]\nk = a\\nb\\"', { a: { k: 'a\\nb\\"' } }],
    ["no value", "[a]\nk =", { a: { k: "" } }],
    ["a section again", "[a]\nk=v\n[b]\n[a]\nl=w", { a: { k: "v", l: "w" }, b: {} }],
    ["a key again", "[a]\nk=v\nk=w", { a: { k: "w" } }],
    ["keys before sections", "k=v\n[a]", { a: {} }],
    ["a section without a name", "[a]\n[]\nk=v", { a: {} }],
    ["what means nothing", "[a]\nnothing\nk=v\n[b\nc]", { a: { k: "v" } }],
    ["a value of several lines", "[a]\nk = v\n  w\n\tx # y", { a: { k: "v\nw\nx # y" } }],
    [
      "keys below a key",
      "[services s]\nsts =\n  endpoint_url = u # c\n  B: c",
      {
        "services s": { sts: "", "sts.endpoint_url": "u # c", "sts.b": "c" },
      },
    ],
    ["keys below a key with a value", "[a]\nk = v\n  l = w", { a: { k: "v" } }],
    ["something indented below nothing", "[a]\n  k = v\n[b]\nl=w\n[c]\n  m", { a: {}, b: { l: "w" }, c: {} }],
    [
      "names of Object's own",
      "[__proto__]\n__proto__ = v\nconstructor=w",
      {
        ["__proto__"]: { ["__proto__"]: "v", constructor: "w" },
      },
    ],
    ["nothing", "", {}],
  ])("%s", (_name, text, expected) => {
    expect(plain(text)).toEqual(expected);
  });
});

describe("any text", () => {
  test("is read", () => {
    const line = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "[a]",
        "[",
        "]",
        "[]",
        " [b] ",
        "k = v",
        "  k = v",
        "k =",
        "\t",
        "#",
        " ;",
        "=",
        ":",
        '"',
        "a =",
      ),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("\n", "\r\n", "\r"), (lines, end) => {
        for (const [name, { values, nested }] of parseIni(lines.join(end))) {
          expect(name).not.toBe("");
          for (const key of values.keys()) expect(key).toBe(key.toLowerCase());
          for (const key of nested.keys()) expect(values.get(key)).toBe("");
        }
      }),
    );
  });

  test("what is written is read again", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/);
    const value = fc
      .stringMatching(/^[A-Za-z0-9/+=:.-]([ -~]{0,20}[A-Za-z0-9/+=])?$/)
      .filter((text) => !/[ \t][#;]/.test(text));
    const file = fc.dictionary(word, fc.dictionary(word, value, { noNullPrototype: true }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(file, (sections) => {
        const text = Object.entries(sections)
          .map(([name, keys]) =>
            [`[${name}]`, ...Object.entries(keys).map((pair) => pair.join(" = "))].join("\n"),
          )
          .join("\n\n");
        expect(plain(text)).toEqual(sections);
      }),
    );
  });
});
