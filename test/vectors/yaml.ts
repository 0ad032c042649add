/** Scalars that YAML 1.1, YAML 1.2 and Go's reader do not agree about, or that are easily read wrongly. */
export const SCALARS: readonly string[] = [
  ..."yes no on off y n Y N Yes NO On true True TRUE tRue null Null NULL nULL ~ ~x".split(" "),
  ..."0 -0 00 +1 -1 010 08 0o7 0o8 0x 0x1F +0x1 0b11 -0b11 0b2 1e3 1E3 1e+3 1e 1. .5 +.5 .e3 e3 . 1_000 1__0 1_".split(" "),
  ..."_1 1_0.5 0.0 1.0 1.10 1.2.3 1e400 -1e400 1e-400 123456789012345 1234567890123456 12345678901234567890".split(" "),
  ...".inf -.inf +.inf .INF .nan .NaN inf nan 0x1.8p1".split(" "),
  ..."2001-01-01 2001-01-01T00:00:00Z 12:30:45 1:20 190:20:30 = <<".split(" "),
  "", "-", "- ", "?", "?x", ":x", "x:", "-x", "--x", "---x", "...", "@x", "%x", "`x", "!x", "*x", "&a x", "|", ">",
  '"a\\tb"', '"a\\u00e4b"', '"a\\xe4\\N"', '"a\\/b"', '"a\\qb"', "'it''s'", "''", '""', '"yes"', "'1'", '"x" # c', "'x'#c",
  '"x" y', '"multi', "'", "a#b", "a #b", "a\t#b", "a: b", "a:b", "a :b", "a, b", "]x", "}x", ",x", "{a: b}", "[a, b]",
  "{}", "[]", "{a}", "[a: b]", "{a: b", "[a", '{"a":b}', "{ }", "{} x", "[ ]", "[] # c", "{a: 1, a: 2}",
  "http://x:80/y?z#q", "C:\\x", "a\tb", "a  b", "a\u00a0b", "ä", "😀", "#x", "a\u0085b", "a\u2028b", "$x ${y}", "a=b&c",
  "!!str 5", '!!int "5"', "!!binary aGVsbG8=", "!!float 1", "!!bool yes", "!!null x", "!foo bar", "!!str", "! 5",
];

const under = (lines: readonly string[]): string =>
  ["extensions:", "- name: x", "  extension:", ...lines.map((line) => `    ${line}`), ""].join("\n");

/** The scalar in the places where one can stand. */
export const PLACES: Readonly<Record<string, (scalar: string) => string>> = {
  "value of a block": (scalar) => under([`v: ${scalar}`, "w: 1"]),
  "value of a flow": (scalar) => under(["f:", `  {v: ${scalar}, w: 1}`]),
  key: (scalar) => under([`${scalar}: 1`, "w: 1"]),
};

const DOCUMENT = under(["a: b", "l:", "- c"]);

/** Whole files: markers, comments, indents, block scalars, ends of lines. */
export const DOCUMENTS: Readonly<Record<string, string>> = {
  "a marker before it": `---\n${DOCUMENT}`,
  "a marker with a comment": `--- # first\n${DOCUMENT}`,
  "a comment, then a marker": `# c\n---\n${DOCUMENT}`,
  "an empty line, then a marker": `\n---\n${DOCUMENT}`,
  "a marker behind it": `${DOCUMENT}---\n`,
  "an end behind it": `${DOCUMENT}...\n`,
  "an end, and garbage": `${DOCUMENT}...\n]]]`,
  "a second document": `${DOCUMENT}---\nextensions: []\n`,
  "a second document that is broken": `${DOCUMENT}---\n[\n`,
  "an empty first document": `---\n---\n${DOCUMENT}`,
  "a directive": `%YAML 1.1\n---\n${DOCUMENT}`,
  "a directive of 1.2": `%YAML 1.2\n---\n${DOCUMENT}`,
  "content behind the marker": `--- {extensions: [{name: x, extension: {a: b}}]}\n`,
  "carriage returns": DOCUMENT.replaceAll("\n", "\r\n"),
  "carriage returns only": DOCUMENT.replaceAll("\n", "\r"),
  "a byte-order mark": `\ufeff${DOCUMENT}`,
  "a byte-order mark inside": DOCUMENT.replace("a: b", "a: \ufeffb"),
  "no end of the last line": DOCUMENT.trimEnd(),
  "blanks at the ends of lines": DOCUMENT.replaceAll("\n", "  \n"),
  "tabs at the ends of lines": DOCUMENT.replaceAll("\n", "\t\n"),
  "a tab for an indent": DOCUMENT.replace("    a:", "\ta:"),
  "a tab behind a colon": under(["a:\tb"]),
  "a tab behind a dash": under(["l:", "-\tb"]),
  "a tab in an empty line": DOCUMENT.replace("    l:", "\t\n    l:"),
  "comments everywhere": DOCUMENT.replaceAll("\n", " # c\n"),
  "a comment that is not indented": under(["a: b"]).replace("    a", "# c\n    a"),
  "a comment inside plain text": under(["a: b", "  # c", "  d"]),
  "plain text over lines": under(["a: b", "  c", "", "  d"]),
  "quoted text over lines": under(['a: "b', "  c", "", '  d"']),
  "quoted text over lines, less indented": under(['a: "b', 'c"']),
  folded: under(["a: >", "  b", "  c", "", "  d", "   e"]),
  "folded, stripped": under(["a: >-", "  b", "  c", ""]),
  literal: under(["a: |", "  b", "   c", "", "  # d", ""]),
  "literal, kept": under(["a: |+", "  b", "", "", "w: 1"]),
  "literal with an indent": under(["a: |2", "    b", "  c"]),
  "literal of nothing": under(["a: |", "w: 1"]),
  "a list in the column of its key": under(["l:", "- a", "-  b", "- - c", "  - d", "-", "  e: f"]),
  "a list of maps": under(["l:", "- a: 1", "  b: 2", "-   c: 3", "    d: 4"]),
  "a list of maps, badly indented": under(["l:", "- a: 1", " b: 2"]),
  "a map in a list in a list": under(["l:", "- - a: 1", "    b: 2", "- []"]),
  "a list of nothing": under(["l:", "-", "-", "w: 1"]),
  "a key without a value at the end": under(["a: b", "c:"]),
  "less indented": under(["a:", "    b: 1", "  c: 2"]),
  "more indented": under(["a: b", " c: d"]),
  "an indent of its own": under(["a:", " b: 1", "w:", "      c: 2"]),
  "a key twice": under(["a: 1", "a: 2"]),
  "a quoted key": under(['"a b": 1', "'c': 2", '"d":3']),
  "a quoted key without a blank": under(['"d":3']),
  "keys of blanks and slashes": under(["a b: 1", "c/d.e-f_g: 2", "h.i: 3"]),
  "a key that ends in blanks": under(["a  : 1"]),
  "an explicit key": under(["? a", ": b"]),
  "anchors and aliases": under(["a: &x {b: 1}", "c: *x"]),
  "a merge": under(["a: &x {b: 1, d: 2}", "c:", "  <<: *x", "  b: 3"]),
  "a merge of several": under(["a: &x {b: 1}", "e: &y {b: 2, f: 3}", "c:", "  <<: [*x, *y]"]),
  "a flow over lines": under(["a: {b: c,", "  d: [e,", "  f]}"]),
  "a comma at the end of a flow": under(["a: {b: c,}", "d: [e,]"]),
  "a comment in a flow": under(["a: [b, # c", "  d]"]),
  "control characters": DOCUMENT.replace("a: b", "a: b\u0007"),
  "a NUL": DOCUMENT.replace("a: b", "a: b\u0000"),
  "a DEL": DOCUMENT.replace("a: b", "a: b\u007f"),
  "a form feed": DOCUMENT.replace("a: b", "a: b\fc"),
  "JSON": '{"extensions": [{"name": "x", "extension": {"a": "b", "n": 1.0, "e": 1e2, "u": "\\u00e4"}}]}',
  "JSON with an escaped slash": '{"extensions": [{"name": "x", "extension": {"u": "a\\/b"}}]}',
  "JSON with a key twice": '{"extensions": [{"name": "x", "extension": {"a": 1, "a": 2}}]}',
  "JSON with a comma at its end": '{"extensions": [{"name": "x", "extension": {"a": 1,},},],}',
  "JSON over YAML": '{"extensions": [{name: x, extension: {a: yes}}]}',
  "JSON and something behind it": '{"extensions": [{"name": "x", "extension": {}}]} x',
  "JSON with a tab": '{\t"extensions":\t[{"name": "x", "extension": {"a":\t1}}]}',
  "a deep nest": under([`a: ${"[".repeat(50)}${"]".repeat(50)}`]),
};

/**
 * What is read otherwise than Go's reader does (docs/differences.md): the parser of the YAML package is of 1.2. Nothing
 * of it can stand where a kubeconfig has a meaning.
 */
export const LAX: ReadonlySet<string> = new Set([
  ...['"a\\/b"', "'x'#c", "a\u0085b", "a\u2028b", "!!null x"].flatMap((scalar) => [
    `value of a block: ${scalar}`,
    ...(scalar === "'x'#c" ? [] : [`key: ${scalar}`]),
  ]),
  ...["-", "?x", ":x", "x:", "!x", "!!str", '"a\\/b"', "a\u0085b", "!!null x", "http://x:80/y?z#q"].map((scalar) => `value of a flow: ${scalar}`),
  ...["null", "NULL", "~", "", "Null", "12345678901234567890", ".inf", "+.inf", ".INF", "-.inf", ".nan", ".NaN"].map(
    (scalar) => `key: ${scalar}`,
  ),
  ...["{a: b}", "[a, b]", "{}", "{ }", "[]", "[ ]", "{a}", "[a: b]", '{"a":b}'].map((scalar) => `key: ${scalar}`),
  "an end, and garbage",
  "carriage returns only",
  "a directive of 1.2",
  "a tab in an empty line",
  "a byte-order mark inside",
  "a tab behind a dash",
  "quoted text over lines, less indented",
  "JSON with an escaped slash",
  "JSON and something behind it",
]);
