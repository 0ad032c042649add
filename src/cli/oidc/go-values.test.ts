import { describe, expect, test } from "vitest";
import { map, slice } from "./go-values.ts";

describe("values as pflag reads them", () => {
  test.each([
    { given: ["a"], is: ["a"] },
    { given: ["a,b", "c"], is: ["a", "b", "c"] },
    { given: ['"a,b",c'], is: ["a,b", "c"] },
    { given: ['"say ""hi"""'], is: ['say "hi"'] },
    { given: ["a,,b"], is: ["a", "", "b"] },
    { given: ["a,"], is: ["a", ""] },
    { given: [""], is: [] },
  ])("slice $given", ({ given, is }) => expect(slice(given)).toEqual(is));

  test.each([
    { given: ["a=1"], is: { a: "1" } },
    { given: ["a=1,b=2", "c=3"], is: { a: "1", b: "2", c: "3" } },
    { given: ["a=1", "a=2"], is: { a: "2" } },
    { given: ["a=one, two"], is: { a: "one, two" } },
    { given: ['"a=1,2",b=3'], is: { a: "1,2", b: "3" } },
    { given: ["claims=x=y"], is: { claims: "x=y" } },
    { given: ["a="], is: { a: "" } },
    // With one = alone nothing is split.
    { given: ["a=1,b"], is: { a: "1,b" } },
    { given: ['"a=1"'], is: { a: "1" } },
  ])("map $given", ({ given, is }) => expect(Object.fromEntries(map(given))).toEqual(is));

  test.each([["a"], ["a=1,b=2,c"], ['"a=1,b=2']])("map %s is refused", (given) => {
    expect(() => map([given])).toThrow(RangeError);
  });
});
