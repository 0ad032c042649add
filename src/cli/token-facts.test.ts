import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { factsEnd, tokenFacts } from "./token-facts.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): Secret => new Secret(`${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`);
const eks = (url: string): Secret => new Secret(`k8s-aws-v1.${Buffer.from(url).toString("base64url")}`);

/** As aws-iam-authenticator signs it (iam.md §3.1), with keys that never were. */
const PRESIGNED =
  "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
  "&X-Amz-Credential=AKIDEXAMPLE%2F20230428%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z" +
  "&X-Amz-Expires=60&X-Amz-Security-Token=canary-session&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" +
  "&X-Amz-Signature=canary-signature";

describe("a JWT", () => {
  test("says who issued it, for whom, to whom and until when", () => {
    const claims = {
      iss: "https://issuer.example",
      aud: ["kubernetes", "other"],
      sub: "u-1",
      email: "alice@example.org",
      preferred_username: "alice",
      groups: ["devs", "ops"],
      exp: 2_000_000_000,
      nbf: 1_900_000_000,
      nonce: "canary",
    };
    expect(tokenFacts(jwt(claims))).toEqual({
      kind: "jwt",
      issuer: "https://issuer.example",
      audience: ["kubernetes", "other"],
      subject: "u-1",
      name: "alice",
      groups: ["devs", "ops"],
      expiresAt: 2_000_000_000_000,
      notBefore: 1_900_000_000_000,
    });
  });

  test.each([
    { name: "nothing", claims: {}, is: { issuer: undefined, audience: [], groups: [], name: undefined } },
    { name: "one audience", claims: { aud: "a" }, is: { audience: ["a"] } },
    { name: "one group", claims: { groups: "g" }, is: { groups: ["g"] } },
    { name: "an address instead of a name", claims: { email: "a@b" }, is: { name: "a@b" } },
    {
      name: "times that are no dates",
      claims: { exp: 1e300, nbf: -1e300 },
      is: { expiresAt: undefined, notBefore: undefined },
    },
    {
      name: "claims of other kinds",
      claims: { iss: 1, aud: [1, null, "a"], sub: {}, groups: { a: 1 }, exp: "soon", nbf: null },
      is: { issuer: undefined, audience: ["a"], subject: undefined, groups: [], expiresAt: undefined },
    },
  ])("with $name", ({ claims, is }) => expect(tokenFacts(jwt(claims))).toMatchObject(is));
});

describe("a token of EKS", () => {
  test("is the request that it encodes, without what is secret in it", () => {
    const facts = tokenFacts(eks(PRESIGNED));
    expect(facts).toEqual({
      kind: "eks",
      host: "sts.us-west-2.amazonaws.com",
      region: "us-west-2",
      clusterIdSigned: true,
      signedAt: Date.UTC(2023, 3, 28),
      expires: 60,
      accessKeyId: "AKIDEXAMPLE",
    });
    expect(factsEnd(facts)).toBe(Date.UTC(2023, 3, 28, 0, 15));
    expect(JSON.stringify(facts)).not.toContain("canary");
  });

  test("that is for no cluster is told from one that is", () => {
    const url = PRESIGNED.replace("%3Bx-k8s-aws-id", "");
    expect(tokenFacts(eks(url))).toMatchObject({ kind: "eks", clusterIdSigned: false });
  });

  test.each([
    { name: "no query", url: "https://sts.amazonaws.com/", is: { region: undefined, signedAt: undefined } },
    {
      name: "a date that is none",
      url: "https://h/?X-Amz-Date=20231399T000000Z",
      is: { signedAt: undefined },
    },
    { name: "an expiry that is none", url: "https://h/?X-Amz-Expires=1e9", is: { expires: undefined } },
    { name: "names in lower case", url: "https://h/?x-amz-expires=60", is: { expires: 60 } },
  ])("with $name", ({ url, is }) => expect(tokenFacts(eks(url))).toMatchObject(is));

  test("that encodes no URL is not repeated", () => {
    const facts = tokenFacts(eks("canary"));
    expect(facts.kind).toBe("eks-broken");
    expect(JSON.stringify(facts)).not.toContain("canary");
  });
});

test.each([
  { token: "ya29.a0canary", kind: "google" },
  { token: "opaque-canary", kind: "opaque" },
  { token: "three.parts.canary", kind: "opaque" },
  { token: "k8s-aws-v2.abc", kind: "opaque" },
])("$token is $kind", ({ token, kind }) => expect(tokenFacts(new Secret(token))).toEqual({ kind }));

test("no token can break it", () => {
  const token = fc.oneof(
    fc.string(),
    fc.string().map((text) => `k8s-aws-v1.${text}`),
    fc.webUrl({ withQueryParameters: true }).map((url) => eks(url).reveal()),
    fc.json().map((text) => `a.${Buffer.from(text).toString("base64url")}.b`),
  );
  fc.assert(
    fc.property(token, (text) => void factsEnd(tokenFacts(new Secret(text)))),
    { numRuns: 5_000 },
  );
});
