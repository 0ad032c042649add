import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { epochMillis, millis } from "../base/units.ts";
import type { Entry } from "./entry.ts";
import { claimsOf, isFresh, leftOf, lifeOf, marginOf } from "./life.ts";

const jwt = (claims: unknown): Secret =>
  new Secret(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`);
const entry = (more: Partial<Entry>): Entry => ({
  idToken: undefined,
  accessToken: undefined,
  refreshToken: undefined,
  expiresAt: undefined,
  ...more,
});
/** In seconds; the clock of the tests is small. */
const at = (seconds: number) => epochMillis(seconds * 1000);
const hour = entry({ idToken: jwt({ iat: 1000, exp: 4600 }) });

describe("the margin before the end", () => {
  test.each([
    ["of an hour is 10 s", { iat: 1000, exp: 4600 }, 10_000],
    ["of 50 s is a tenth", { iat: 1000, exp: 1050 }, 5_000],
    ["of a life whose begin is not said is 10 s", { exp: 1050 }, 10_000],
  ])("%s", (_name, claims, wanted) => {
    const life = lifeOf(entry({ idToken: jwt(claims) }), "id");
    expect(life && marginOf(life, undefined)).toBe(wanted);
  });

  test("ends the use of a token, to the millisecond", () => {
    expect(isFresh(hour, "id", { now: epochMillis(4_589_999) })).toBe(true);
    expect(isFresh(hour, "id", { now: at(4590) })).toBe(false);
  });

  test("is what the person says", () => {
    expect(isFresh(hour, "id", { now: at(4599), margin: millis(0) })).toBe(true);
    expect(isFresh(hour, "id", { now: at(4600), margin: millis(0) })).toBe(false);
    expect(isFresh(hour, "id", { now: at(4539), margin: millis(60_000) })).toBe(true);
    expect(isFresh(hour, "id", { now: at(4540), margin: millis(60_000) })).toBe(false);
  });
});

describe("a clock that is wrong", () => {
  /** The provider's is right. The token came at second 1000 of it and is good for 300 s. */
  const came = (ours: number): Entry =>
    entry({
      idToken: jwt({ iat: 1000, exp: 1300 }),
      obtainedAt: at(ours),
      skew: millis((1000 - ours) * 1000),
    });

  test.each([
    ["10 minutes ahead", 1600],
    ["10 minutes behind", 400],
  ])("%s: the token is used as long as it lives, and not longer", (_name, ours) => {
    expect(isFresh(came(ours), "id", { now: at(ours + 289) })).toBe(true);
    expect(isFresh(came(ours), "id", { now: at(ours + 291) })).toBe(false);
  });

  test("that was ahead and is set right does not keep a dead token alive", () => {
    expect(leftOf(came(1600), "id", at(1290))).toBe(10_000);
    expect(isFresh(came(1600), "id", { now: at(1301) })).toBe(false);
  });
});

describe("which token", () => {
  test("an access token that is no JWT lives as long as the provider said", () => {
    const opaque = entry({ accessToken: new Secret("opaque"), expiresAt: at(2000), obtainedAt: at(1000) });
    expect(isFresh(opaque, "access", { now: at(1989) })).toBe(true);
    expect(isFresh(opaque, "access", { now: at(1990) })).toBe(false);
    expect(isFresh(opaque, "id", { now: at(1000) })).toBe(false);
  });

  test("one that is a JWT lives as long as it says itself", () => {
    const both = entry({ accessToken: jwt({ exp: 1500 }), expiresAt: at(9000) });
    expect(leftOf(both, "access", at(1000))).toBe(500_000);
  });

  test.each([
    ["is missing", undefined],
    ["says no end", jwt({ iat: 1 })],
    ["says nonsense", jwt({ exp: "soon" })],
    ["ends beyond all dates", jwt({ exp: 1e300 })],
    ["is no object", jwt([1])],
    ["is no JWT", new Secret("a.b")],
    ["is not even JSON", new Secret("a.%%.c")],
  ])("one that %s is never handed out", (_name, idToken) => {
    expect(isFresh(entry({ idToken }), "id", { now: at(0) })).toBe(false);
  });

  test("claims come as they are", () => {
    expect(claimsOf(jwt({ sub: "é" }))).toEqual({ sub: "é" });
  });
});
