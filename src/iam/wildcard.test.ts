import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnLike } from "./arn-like.ts";
import { matchesWildcard, type Question } from "./wildcard.ts";

const ROLE = "arn:aws:iam::000000000000:role/some-role";
const ODD = String.raw`arn:aws:testservice::000000000000:some/wacky-new-[resource]{with}\metacharacters`;

describe("ArnLike (iam.md §3.6)", () => {
  test.each([
    [ROLE, ROLE],
    [ROLE, "arn:aws:iam::000000000000:*"],
    [ROLE, "arn:*:*:*:*:*"],
    [ROLE, "arn:aws:iam::000000000000:**"],
    [ROLE, "arn:aws:iam::000000000000:*role*"],
    [ROLE, "arn:aws:iam::000000000000:ro*"],
    [ROLE, `arn:aws:iam::000000000000:${"?".repeat(14)}`],
    [ROLE, `arn:aws:iam::000000000000:${"?".repeat(20)}`],
    [ODD, ODD],
    [ODD, "arn:aws:testservice::000000000000:some/wacky-new-[reso*"],
  ])("%s is like %s", (arn, pattern) => {
    expect(arnLike(arn, pattern)).toBe(true);
  });

  test.each([
    [ROLE, ROLE.replace("000000000000", "111111111111")],
    [
      "arn:aws:testservice::000000000000:some/wacky:resource:with:colon:delims",
      "arn:aws:testservice::**:delims",
    ],
    [ROLE, "arn:aws:iam::000000000000:role.some-role"],
  ])("%s is not like %s", (arn, pattern) => {
    expect(arnLike(arn, pattern)).toBe(false);
  });

  test.each([
    [ROLE, "arn:*", "could not parse ArnLike string: not enough sections"],
    [ROLE.replace("arn:", "nar:"), ROLE, "could not parse input arn: invalid prefix"],
    ["arn:aws:iam::000000000000", ROLE, "could not parse input arn: not enough sections"],
    [ROLE, ROLE.padEnd(2049, "x"), "longer than 2048 characters"],
  ])("%s and %s cannot be compared", (arn, pattern, text) => {
    expect(arnLike(arn, pattern)).toBe(text);
  });
});

/** The reference's way, for texts that are short enough for it. */
const byExpression = (text: string, pattern: string, question: Question): boolean => {
  const source = Array.from(pattern)
    .map((character) =>
      character === "*"
        ? "[^\\n]*"
        : character === "?"
          ? `[^\\n]${question === "one" ? "" : "?"}`
          : character.replace(/[\\.+()|[\]{}^$]/, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`, "u").test(text);
};

test("matches as the expression would", () => {
  const letter = fc.constantFrom("a", "b", ".", "[", "\\", "\n", "𝒳");
  fc.assert(
    fc.property(
      fc.string({ unit: letter, maxLength: 8 }),
      fc.string({ unit: fc.oneof(letter, fc.constantFrom("*", "?")), maxLength: 8 }),
      fc.constantFrom<Question>("one", "optional"),
      (text, pattern, question) => {
        expect(matchesWildcard(text, pattern, question)).toBe(byExpression(text, pattern, question));
      },
    ),
    { numRuns: 3000 },
  );
});

test("a pattern that takes an expression years is answered at once", () => {
  const text = "a".repeat(800);
  expect(matchesWildcard(text, `${"a*".repeat(300)}b`, "optional")).toBe(false);
  expect(matchesWildcard(text, `${"?".repeat(400)}${"a*?".repeat(300)}b`, "optional")).toBe(false);
  expect(matchesWildcard(text, "*a".repeat(300), "one")).toBe(true);
});
