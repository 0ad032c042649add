import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { cacheKey, type KeyInputs } from "./cache-key.ts";

const BASE: KeyInputs = {
  issuer: "https://a.example",
  clientId: "kubernetes",
  clientSecret: undefined,
  scopes: [],
  redirectUri: undefined,
  grant: "auto",
  pkce: "auto",
  useAccessToken: false,
  audience: undefined,
  username: undefined,
  account: undefined,
  extra: new Map(),
  headers: [],
  ca: undefined,
  verify: true,
};

const text = fc.string({ maxLength: 3 });
const maybe = fc.option(text, { nil: undefined });
const pairs = fc.uniqueArray(fc.tuple(text, text), {
  selector: ([name]) => name.toLowerCase(),
  maxLength: 3,
});
const inputs = fc.record({
  issuer: text,
  clientId: text,
  secret: maybe,
  scopes: fc.array(text, { maxLength: 3 }),
  redirectUri: maybe,
  grant: text,
  pkce: text,
  useAccessToken: fc.boolean(),
  audience: fc.option(fc.string(), { nil: undefined }),
  username: maybe,
  account: maybe,
  extra: pairs,
  headers: pairs,
  ca: maybe,
  verify: fc.boolean(),
});
type Drawn = typeof inputs extends fc.Arbitrary<infer T> ? T : never;
const made = ({ secret, extra, ...rest }: Drawn): KeyInputs => ({
  ...rest,
  clientSecret: secret === undefined ? undefined : new Secret(secret),
  extra: new Map(extra),
});
const same = (drawn: Drawn): string =>
  JSON.stringify(
    {
      ...drawn,
      extra: drawn.extra.map((pair) => JSON.stringify(pair)).toSorted(),
      headers: drawn.headers.map(([name, value]) => JSON.stringify([name.toLowerCase(), value])).toSorted(),
    },
    (_key, value: unknown) => value ?? null,
  );

describe("the name of an entry", () => {
  test("is the same for ever", () => {
    expect(cacheKey(BASE)).toMatch(/^[0-9a-f]{64}$/);
    expect(cacheKey(BASE)).toBe(cacheKey({ ...BASE, extra: new Map(), headers: [] }));
    expect(cacheKey(BASE)).toMatchInlineSnapshot(
      `"a72aebf38a05caf9b4799f533c3faeacf9f0bdcfa5da6d33fab730ae0a16d864"`,
    );
  });

  test("differs where the inputs do, and only there", () => {
    fc.assert(
      fc.property(inputs, inputs, (left, right) => {
        expect(cacheKey(made(left)) === cacheKey(made(right))).toBe(same(left) === same(right));
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[string, Partial<KeyInputs>, Partial<KeyInputs>]>([
    ["parts that meet elsewhere", { issuer: "a", clientId: "bc" }, { issuer: "ab", clientId: "c" }],
    ["nothing and empty", { username: "" }, { username: undefined }],
    ["a list and its text", { scopes: ["a", "b"] }, { scopes: ["a,b"] }],
    ["a secret", { clientSecret: new Secret("a") }, { clientSecret: new Secret("b") }],
    ["user and account", { username: "a" }, { account: "a" }],
  ])("differs: %s", (_name, left, right) => {
    expect(cacheKey({ ...BASE, ...left })).not.toBe(cacheKey({ ...BASE, ...right }));
  });

  test("does not depend on the order of what has none", () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const turned = all.toReversed();
        expect(cacheKey({ ...BASE, extra: new Map(all), headers: all })).toBe(
          cacheKey({ ...BASE, extra: new Map(turned), headers: turned }),
        );
      }),
    );
  });
});
