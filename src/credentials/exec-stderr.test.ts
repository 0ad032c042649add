import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secretsOf, stderrLines } from "./exec-stderr.ts";

const feed = (
  parts: readonly (string | Buffer)[],
  secrets: readonly string[] = [],
): { readonly shown: readonly string[]; readonly last: string } => {
  const shown: string[] = [];
  const lines = stderrLines({ show: (line) => shown.push(line), secrets });
  for (const part of parts) lines.add(Buffer.from(part));
  lines.end();
  return { shown, last: lines.last() };
};

describe("what a plugin says", () => {
  test("is shown line by line, also the last one without a line feed", () => {
    const { shown, last } = feed(["a\nb", "c\r\n\n  d  \re"]);
    expect(shown).toEqual(["a", "bc", "d", "e"]);
    expect(last).toBe("a\nbc\nd\ne");
  });

  test("the last five lines are kept for the error", () => {
    expect(feed(["1\n2\n3\n4\n5\n6\n7"]).last).toBe("3\n4\n5\n6\n7");
  });

  test("controls of the terminal are escaped, bytes that are no text replaced (R-H6)", () => {
    const { shown } = feed([Buffer.from([0x1b, 0x5d, 0x30, 0x3b, 0x78, 0x07, 0xff, 0x80, 0x0a])]);
    expect(shown).toEqual([String.raw`\u{1b}]0;x\u{7}` + "\ufffd\ufffd"]);
  });

  test("a letter that came in two parts is whole", () => {
    const bytes = Buffer.from("é日\n");
    expect(feed([bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3)]).shown).toEqual(["é日"]);
  });

  test.each([
    ["a bearer token", ["Authorization: Bea", "rer canary\n"]],
    ["a JWT in two parts", ["eyJhbGciOiJSUzI1NiJ9.eyJz", "dWIiOiJjYW5hcnkifQ.canary\n"]],
    ["a credential", ['{"status":{"token":"can', 'ary"}}\n']],
    ["a private key", ["-----BEGIN EC PRIVATE KEY-----\nca", "nary\ncanary\n-----END EC PRIVATE KEY-----\n"]],
    ["a private key without an end", ["-----BEGIN PRIVATE KEY-----\ncanary\ncanary"]],
    ["a private key in one line", [String.raw`{"key":"-----BEGIN PRIVATE KEY-----\ncanary\n"}`]],
  ])("%s is not shown and not kept (R-H1)", (_name, parts) => {
    const { shown, last } = feed(parts);
    expect(`${shown.join("\n")}${last}`).not.toContain("canary");
  });

  test("after a private key lines are shown again", () => {
    expect(feed(["-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\nafter\n"]).shown.at(-1)).toBe(
      "after",
    );
  });

  test("what the plugin was given as a secret is not shown", () => {
    expect(feed(["it is hunter2-canary!\n"], ["hunter2-canary"]).shown).toEqual(["it is [redacted]!"]);
  });

  test("a line without an end is cut, and no half of a secret is left of it", () => {
    const [shown = ""] = feed(
      [`${"word ".repeat(818)}canary-${"x".repeat(20_000)}\n`],
      ["canary-xxxxxxxxxxxx"],
    ).shown;
    expect(shown.length).toBeLessThanOrEqual(4096);
    expect(shown).toMatch(/word …$/);
  });

  test("a flood is shown only for a while, and its end kept all the same", () => {
    const { shown, last } = feed(
      Array.from({ length: 20_000 }, (_each, index) => `line ${index} ${"x".repeat(40)}\n`),
    );
    expect(shown.length).toBe(2_001);
    expect(shown.at(-1)).toBe("… it says more than is shown");
    expect(last).toContain("line 19999 ");
  });

  test("any pieces give the same lines", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.nat(30), { maxLength: 8 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const at = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].toSorted((a, b) => a - b);
        const parts = [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
        expect(feed(parts)).toEqual(feed([bytes]));
      }),
    );
  });
});

describe("what is secret among what a plugin gets", () => {
  test.each<[string, Record<string, string>, readonly string[], readonly string[]]>([
    [
      "a variable by its name",
      { AWS_SECRET_ACCESS_KEY: "secret-value", AWS_REGION: "eu-central-1" },
      [],
      ["secret-value"],
    ],
    ["an option with =", {}, ["--client-secret=secret-value"], ["secret-value"]],
    ["an option with its value after it", {}, ["--password", "secret-value", "--x"], ["secret-value"]],
    ["lines of a value", { PRIVATE_KEY: "first-line\nsecond-line" }, [], ["first-line", "second-line"]],
    ["no switch", {}, ["--oidc-use-access-token", "--oidc-issuer-url"], []],
    [
      "no path, no id, no kind",
      { TOKEN_FILE: "/var/token", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE" },
      ["--token-cache-dir=/home/x"],
      [],
    ],
    ["nothing short", { TOKEN: "true" }, [], []],
  ])("%s", (_name, env, args, wanted) => {
    expect(secretsOf(env, args)).toEqual(wanted);
  });
});
