import { describe, expect, test } from "vitest";
import { commandWords } from "./process.ts";

/** Each as Python's `shlex.split` and the C runtime of Windows part it. */
describe("a command line in words", () => {
  test.each([
    ["a b  c", ["a", "b", "c"]],
    [" a\tb\n", ["a", "b"]],
    ["a 'b c' d", ["a", "b c", "d"]],
    [`a "b c"d'e f'`, ["a", "b cde f"]],
    [String.raw`a b\ c`, ["a", "b c"]],
    [String.raw`a "b\"c\\d\e$f"`, ["a", String.raw`b"c\d\e$f`]],
    [String.raw`a 'b\c'`, ["a", String.raw`b\c`]],
    [`a '' ""`, ["a", "", ""]],
    ["a | b > c; d && e $(f) `g`", ["a", "|", "b", ">", "c;", "d", "&&", "e", "$(f)", "`g`"]],
    ["a #b", ["a", "#b"]],
    ["é ü", ["é", "ü"]],
  ])("%j", (line, words) => {
    expect(commandWords(line, "p", "linux")).toEqual(words);
  });

  test.each([
    [String.raw`C:\a\b.exe c`, [String.raw`C:\a\b.exe`, "c"]],
    [String.raw`"C:\Program Files\a.exe" --x "y z"`, [String.raw`C:\Program Files\a.exe`, "--x", "y z"]],
    [String.raw`a "b\\" c`, ["a", "b\\", "c"]],
    [String.raw`a \"b\\\"c`, ["a", `"b\\"c`]],
    [`a "" b`, ["a", "", "b"]],
    [String.raw`a 'b c'`, ["a", "'b", "c'"]],
  ])("on Windows: %j", (line, words) => {
    expect(commandWords(line, "p", "win32")).toEqual(words);
  });

  test.each([`a "b`, "a 'b", String.raw`a b\ `.trim(), "", "  ", `""`])("no command: %j", (line) => {
    expect(() => commandWords(line, "p", "linux")).toThrow(
      'Cannot run the credential_process of profile "p"',
    );
  });
});
