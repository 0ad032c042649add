import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { issuerDifference } from "./issuer.ts";

describe("two issuers", () => {
  test.each([
    ["https://a.example", "https://a.example/", /slash at the end.*"https:\/\/a\.example\/"/],
    ["https://a.example/x/", "https://a.example/x", /slash at the end.*"https:\/\/a\.example\/x"/],
    ["http://a.example", "https://a.example", /differ in the scheme\. Write the issuer as the provider does/],
    ["https://a.example", "http://a.example/", /tell it its https address/],
    ["https://A.example", "https://a.example", /how they are written only/],
    ["https://a.example:443/x", "https://a.example/x", /how they are written only/],
    ["https://a.example/x", "https://a.example/y", /differ in the path/],
    ["https://a.example", "https://b.example", /Check that the address is the right one/],
    ["https://a.example", "b", /no URL/],
  ])("%s and %s", (wanted, said, hint) => {
    expect(issuerDifference(wanted, said)).toMatch(hint);
  });

  test("are the same only byte for byte", () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.webUrl(), (left, right) => {
        expect(issuerDifference(left, left)).toBeUndefined();
        expect(issuerDifference(left, right) === undefined).toBe(left === right);
      }),
    );
  });
});
