import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument, stringify } from "yaml";
import { readPlainYaml } from "./plain-yaml.ts";

/** What the whole parser makes of it, by both versions of YAML; undefined where it finds a fault. */
const whole = (text: string): readonly unknown[] =>
  (["core", "yaml-1.1"] as const).map((schema) => {
    const document = parseDocument(text, {
      schema,
      logLevel: "error",
      prettyErrors: false,
      uniqueKeys: true,
    });
    return document.errors.length > 0 ? undefined : (document.toJS() as unknown);
  });

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: prod # the one
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://10.0.0.1:6443/prefix
  name: prod
contexts:
- context: {}
  name: "prod"
preferences: {}
users:
- name: alice
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - eks
      - get-token
      - '--cluster-name'
      command: aws
      env: null
      interactiveMode: IfAvailable
      provideClusterInfo: false
      installHint:
`;

describe("what programs write is read", () => {
  test.each([
    { name: "a kubeconfig as kubectl writes it", text: KUBECONFIG },
    { name: "with Windows' line ends", text: KUBECONFIG.replaceAll("\n", "\r\n") },
    { name: "after a document's start", text: `---\n${KUBECONFIG}` },
    {
      name: "with comments and empty lines",
      text: `# first\n\n${KUBECONFIG.replaceAll("\n", "\n  # more\n\n")}`,
    },
    { name: "with lists further in", text: "a:\n  - b: 1\n    c: 2\n  - d\n" },
    { name: "with space after a dash", text: "-   a: 1\n    b: 2\n-   - x\n    - z\n" },
  ])("$name", ({ text }) => {
    const read = readPlainYaml(text);
    expect(read).toBeDefined();
    expect([read, read]).toEqual(whole(text));
  });
});

describe("what is more than plain is left to the parser", () => {
  test.each([
    { name: "nothing", text: "" },
    { name: "a comment", text: "# nothing\n" },
    { name: "a scalar", text: "word\n" },
    { name: "an anchor", text: "a: &x 1\n" },
    { name: "an alias", text: "a: *x\n" },
    { name: "a tag", text: "a: !!str 1\n" },
    { name: "a merge key", text: "<<: b\n" },
    { name: "a block scalar", text: "a: |\n  b\n" },
    { name: "a flow mapping", text: "a: {b: 1}\n" },
    { name: "a flow list", text: "a: [1]\n" },
    { name: "an escape", text: 'a: "\\n"\n' },
    { name: "a quoted quote", text: "a: 'it''s'\n" },
    { name: "a scalar of two lines", text: "a: b\n  c\n" },
    { name: "a list item of two lines", text: "- b\n  c\n" },
    { name: "a quoted scalar of two lines", text: 'a: "b\n  c"\n' },
    { name: "a quoted key", text: '"a": 1\n' },
    { name: "a question mark", text: "? a\n: b\n" },
    { name: "a key twice", text: "a: 1\na: 2\n" },
    { name: "a word of YAML 1.1", text: "a: yes\n" },
    { name: "a key that is a word of YAML 1.1", text: "on: 1\n" },
    { name: "an octal number of YAML 1.1", text: "a: 0o17\n" },
    { name: "a key that is no text", text: "null: 1\n" },
    { name: "a tab", text: "a:\tb\n" },
    { name: "a letter beyond ASCII", text: "a: ä\n" },
    { name: "two documents", text: "a: 1\n---\nb: 2\n" },
    { name: "a document's end", text: "a: 1\n...\n" },
    { name: "a directive", text: "%YAML 1.2\n---\na: 1\n" },
    { name: "a number with a point", text: "a: 1.5\n" },
    { name: "a number in hexadecimal", text: "a: 0x1f\n" },
    { name: "a number with a zero before it", text: "a: 007\n" },
    { name: "a value with a colon", text: "a: b: c\n" },
    { name: "a line that hangs between", text: "a:\n    b: 1\n  c: 2\n" },
    { name: "a line before the first column", text: "  a: 1\nb: 2\n" },
    {
      name: "a hundred levels",
      text: Array.from({ length: 100 }, (_, at) => `${" ".repeat(at)}a:\n`).join(""),
    },
    { name: "JSON", text: '{"a": 1}' },
  ])("$name", ({ text }) => expect(readPlainYaml(text)).toBeUndefined());
});

const scalar = fc.oneof(
  fc.constantFrom(
    "a",
    "b c",
    "https://h:1/p",
    "10.0.0.1",
    "1",
    "0",
    "true",
    "null",
    "~",
    "1.0",
    "0x1",
    "1e_3",
    "0_e_0",
    "0_x1",
    "+_0x1",
    "-",
    "?",
    "a:",
  ),
  fc.constantFrom(
    '"q"',
    "'q'",
    '""',
    "x #y",
    "x#y",
    "{}",
    "[]",
    "*a",
    "&a b",
    "!t",
    "|",
    ">",
    "@",
    "%",
    "`",
    ".5",
    "=",
    ",",
  ),
  fc.string({ maxLength: 8 }),
);
const line = fc
  .tuple(
    fc.nat(6),
    fc.constantFrom("", "- ", "-  ", "- - "),
    fc.constantFrom("", "a: ", "b: ", "c:", "null: ", "x"),
    scalar,
  )
  .map(([indent, dash, key, value]) => `${" ".repeat(indent)}${dash}${key}${value}`);
const document = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));

describe("it never reads what the parser would read otherwise", () => {
  const agrees = (text: string): void => {
    const read = readPlainYaml(text);
    if (read !== undefined) expect([read, read]).toEqual(whole(text));
  };

  test("lines at random", () => {
    fc.assert(fc.property(document, agrees), { numRuns: 3_000 });
  });

  test("any value", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, (it) => agrees(stringify(it))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(value, (it) => agrees(JSON.stringify(it, null, 1))),
      { numRuns: 500 },
    );
  });

  test("a kubeconfig with something put in or taken out", () => {
    const change = fc.tuple(
      fc.nat(KUBECONFIG.length),
      fc.nat(3),
      fc.oneof(scalar, fc.constantFrom("\n", " ", "  ", ":", "- ")),
    );
    fc.assert(
      fc.property(change, ([at, gone, put]) =>
        agrees(KUBECONFIG.slice(0, at) + put + KUBECONFIG.slice(at + gone)),
      ),
      { numRuns: 1_000 },
    );
  });
});
