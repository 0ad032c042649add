import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasLabels, isImageOf, isLike, pathLike } from "./pattern.ts";

describe("a star stands for any text", () => {
  test.each([
    ["headlamp", "headlamp", true],
    ["headlamp-x", "headlamp", false],
    ["my-headlamp", "*-headlamp", true],
    ["headlamp-0.45.0", "headlamp-*", true],
    ["aba", "ab*ba", false],
    ["abxba", "ab*ba", true],
    ["a-b-c", "a*b*c", true],
    ["a-c-b", "a*b*c", false],
    ["anything", "*", true],
    ["", "*", true],
  ])("%s like %s: %s", (text, pattern, wanted) => expect(isLike(text, pattern)).toBe(wanted));

  test("property: as an expression would have it", () => {
    const piece = fc.stringMatching(/^[ab*]{0,6}$/);
    fc.assert(
      fc.property(fc.stringMatching(/^[ab]{0,8}$/), piece, (text, pattern) => {
        expect(isLike(text, pattern)).toBe(new RegExp(`^${pattern.replaceAll(/\*+/g, ".*")}$`).test(text));
      }),
    );
  });
});

test("no labels are wanted of nobody", () => {
  expect(hasLabels(new Map([["a", "b"]]), {})).toBe(false);
});

test("a label with any value has to be there", () => {
  expect(hasLabels(new Map([["a", ""]]), { a: "*" })).toBe(true);
  for (const wanted of ["*", ""]) expect(hasLabels(new Map([["b", "c"]]), { a: wanted })).toBe(false);
});

test.each([
  ["kiali/kiali", true],
  ["quay.io/kiali/kiali:v2", true],
  ["quay.io/kiali/kiali@sha256:00", true],
  ["mirror:5000/quay.io/kiali/kiali:v2@sha256:00", true],
  ["evilkiali/kiali", false],
  ["kiali/kiali-x:v2", false],
  ["kiali:kiali/kiali", false],
])("%s is Kiali's: %s", (image, wanted) => expect(isImageOf(image, "kiali/kiali")).toBe(wanted));

test.each([
  ["/clusters/*/me", "/clusters/main/me", true],
  ["/clusters/*/me", "/clusters/a/b/me", false],
  ["/clusters/*/me", "/clusters//me", false],
  ["/clusters/**", "/clusters/a/b", true],
  ["/clusters/**", "/clustersX", false],
  ["/**", "/", true],
  ["/a.b", "/axb", false],
  ["/x", "/x/", false],
])("%s and %s: %s", (pattern, path, wanted) => expect(pathLike(pattern)(path)).toBe(wanted));
