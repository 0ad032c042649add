import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import {
  CLIENT,
  fakeProvider,
  LOADED as NOW,
  type FakeProvider,
  type SignOptions,
} from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, millis } from "../base/units.ts";
import { discover } from "./discovery.ts";
import { openWire } from "./exchange.ts";
import { checkContinuity, verifyIdToken, type Expected } from "./id-token.ts";
import { providerKeys } from "./keys.ts";
import type { Claims } from "./types.ts";

const ACCESS = new Secret("canary-access");

const judge = async (
  provider: FakeProvider,
  token: Secret,
  more: Partial<Expected> = {},
): Promise<Claims> => {
  const system = quietSystem();
  const wire = openWire({}, system);
  const metadata = await discover(provider.issuer, wire);
  return await verifyIdToken(token, providerKeys(metadata.jwksUri, wire, system), {
    metadata,
    clientId: CLIENT,
    now: epochMillis(NOW * 1000),
    skew: millis(0),
    ...more,
  });
};

const half = (name: string): string => {
  const whole = createHash(name).update(ACCESS.reveal()).digest();
  return whole.subarray(0, whole.length / 2).toString("base64url");
};

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a good token", () => {
  test.each([
    ["RS256", "sha256"],
    ["ES256", "sha256"],
    ["ES384", "sha384"],
    ["PS512", "sha512"],
    ["EdDSA", "sha512"],
  ])("signed with %s, with at_hash by %s", async (alg, hash) => {
    await using provider = await fakeProvider();
    const token = await provider.sign({ nonce: "n", at_hash: half(hash), groups: ["a"] }, { alg });
    const claims = await judge(provider, token, { nonce: "n", accessToken: ACCESS });
    expect(claims).toMatchObject({ sub: "alice", aud: [CLIENT], exp: (NOW + 3600) * 1000 });
    expect(claims.all["groups"]).toEqual(["a"]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["for several, asked for by us", { aud: ["other", CLIENT], azp: CLIENT }],
    ["that names us as who asked", { azp: CLIENT }],
    ["made as far ahead as clocks may go", { iat: NOW + 4 }],
    ["with a nonce nobody asked for", { nonce: "x" }],
  ])("%s", async (_name, claims) => {
    await using provider = await fakeProvider();
    expect((await judge(provider, await provider.sign(claims))).sub).toBe("alice");
  });

  test.each([
    ["10 minutes ahead of us", 600],
    ["10 minutes behind us", -600],
  ])("of a provider whose clock is %s", async (_name, ahead) => {
    await using provider = await fakeProvider();
    const token = await provider.sign({ iat: NOW + ahead, exp: NOW + ahead + 60 });
    expect((await judge(provider, token, { skew: millis(ahead * 1000) })).sub).toBe("alice");
    expect((await failureOf(judge(provider, token))).message).toMatch(/\((?:iat|exp)\)$/);
  });
});

/** Each spoils one thing of a token that is good otherwise. */
const SPOILT: [string, Record<string, unknown>, RegExp, SignOptions?][] = [
  ["another issuer", { iss: "https://b.example" }, /issuer \(iss\) is "https:\/\/b\.example"/],
  ["no issuer", { iss: undefined }, /names no issuer/],
  ["another client", { aud: "other" }, /it is for "other" \(aud\), not for the client "kubernetes"/],
  ["nobody", { aud: [] }, /it is for nobody \(aud\)/],
  ["no audience", { aud: undefined }, /for whom it is \(aud\)/],
  ["an audience of numbers", { aud: [1] }, /for whom it is \(aud\)/],
  ["several, without saying which", { aud: [CLIENT, "other"] }, /which of them asked for it \(azp\)/],
  [
    "several, asked for by another",
    { aud: [CLIENT, "other"], azp: "other" },
    /for the client "other" \(azp\)/,
  ],
  ["us, asked for by another", { azp: "other" }, /for the client "other" \(azp\)/],
  ["an azp that is no text", { azp: 1 }, /azp is no text/],
  ["nobody's", { sub: undefined }, /whose it is \(sub\)/],
  ["an empty person's", { sub: "" }, /whose it is \(sub\)/],
  ["one whose sub is a number", { sub: 7 }, /whose it is \(sub\)/],
  ["one with a person longer than the standard has it", { sub: "x".repeat(256) }, /whose it is \(sub\)/],
  ["ended", { iat: NOW - 99, exp: NOW - 6 }, /it has ended .* \(exp\)/],
  ["without end", { exp: undefined }, /when it ends \(exp\)/],
  ["with an end that is no date", { exp: 1e300 }, /when it ends \(exp\)/],
  ["without a beginning", { iat: undefined }, /when it was made \(iat\)/],
  ["of the future", { iat: NOW + 6 }, /made in the future.* \(iat\)/],
  ["not good yet", { nbf: NOW + 6 }, /it is good from .* only \(nbf\)/],
  ["of another request", { nonce: "other" }, /nonce is another request's/],
  ["of no request", { nonce: undefined }, /it has no nonce/],
  ["a nonce that is no text", { nonce: 1 }, /nonce is no text/],
  ["beside another access token", { at_hash: "AAAA" }, /\(at_hash\)$/],
  ["an at_hash that is no text", { at_hash: 1 }, /\(at_hash\)$/],
  ["at_hash by another algorithm", { at_hash: half("sha384") }, /\(at_hash\)$/],
  ["signed with a key that is not published", {}, /signature is wrong/, { forged: true }],
  ["signed with a key of an unknown name", {}, /key that the provider does not publish/, { kid: "new" }],
];

describe("a token is refused", () => {
  test.each(SPOILT)("%s", async (...row) => {
    const [, claims, message, options] = row;
    await using provider = await fakeProvider();
    const token = await provider.sign({ nonce: "n", ...claims }, options);
    const failure = await failureOf(judge(provider, token, { nonce: "n", accessToken: ACCESS }));
    expect([failure.code, failure.message]).toEqual(["OIDC_TOKEN_INVALID", expect.stringMatching(message)]);
    expect(failure.message).not.toContain(token.reveal());
  });

  test.each([
    ["none", (claims: string) => `${part({ alg: "none" })}.${claims}.`],
    ["None", (claims: string) => `${part({ alg: "None" })}.${claims}.`],
    [
      "HS256",
      (claims: string) => `${part({ alg: "HS256" })}.${claims}.${createHash("sha256").digest("base64url")}`,
    ],
    ["a list", (claims: string) => `${part({ alg: ["RS256"] })}.${claims}.AAAA`],
    ["nothing", (claims: string) => `${part({})}.${claims}.AAAA`],
  ])("for its algorithm: %s", async (_name, make) => {
    await using provider = await fakeProvider();
    provider.published.metadata["id_token_signing_alg_values_supported"] = ["none", "None", "HS256", "RS256"];
    const claims = (await provider.sign()).reveal().split(".")[1] ?? "";
    const failure = await failureOf(judge(provider, new Secret(make(claims))));
    expect([failure.code, failure.message]).toEqual([
      "OIDC_TOKEN_INVALID",
      expect.stringMatching(/algorithm is .*proves nothing$|names no algorithm$/),
    ]);
  });

  test("for an algorithm that the provider does not name", async () => {
    await using provider = await fakeProvider();
    provider.published.metadata["id_token_signing_alg_values_supported"] = ["RS256"];
    expect((await failureOf(judge(provider, await provider.sign({}, { alg: "ES256" })))).message).toMatch(
      /algorithm is ES256, and the provider says that it signs with "RS256"$/,
    );
  });

  test.each([
    ["nothing", ""],
    ["a word", "canary"],
    ["five parts", "a.b.c.d.e"],
    ["no object", "bnVsbA.bnVsbA.AA"],
  ])("as no JWT: %s", async (_name, text) => {
    await using provider = await fakeProvider();
    const failure = await failureOf(judge(provider, new Secret(text)));
    expect([failure.code, failure.message]).toEqual([
      "OIDC_TOKEN_INVALID",
      expect.stringMatching(/no JWT$|cannot be read$|names no algorithm$/),
    ]);
  });

  test("with any one bit of it turned", async () => {
    await using provider = await fakeProvider();
    const good = (await provider.sign({}, { alg: "ES256" })).reveal();
    const system = quietSystem();
    const wire = openWire({}, system);
    const metadata = await discover(provider.issuer, wire);
    const key = providerKeys(metadata.jwksUri, wire, system);
    const expected = { metadata, clientId: CLIENT, now: epochMillis(NOW * 1000), skew: millis(0) };
    const [head = "", body = "", signature = ""] = good.split(".").map((text) => text);
    const parts = [head, body, signature].map((text) => Buffer.from(text, "base64url"));
    let tried = 0;
    for (const [which, bytes] of parts.entries())
      for (let bit = which; bit < bytes.length * 8; bit += 7) {
        const turned = Buffer.from(bytes);
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const text = parts
          .map((each, index) => (index === which ? turned : each).toString("base64url"))
          .join(".");
        expect((await failureOf(verifyIdToken(new Secret(text), key, expected))).code).toBe(
          "OIDC_TOKEN_INVALID",
        );
        tried += 1;
      }
    expect(tried).toBeGreaterThan(200);
  });
});

describe("a clock that is not known", () => {
  test.each([
    ["ended less than a minute ago", { iat: NOW - 99, exp: NOW - 59 }, true],
    ["ended a minute ago", { iat: NOW - 99, exp: NOW - 60 }, false],
    ["made within the next minute", { iat: NOW + 60 }, true],
    ["made later", { iat: NOW + 61 }, false],
  ])("a token %s", async (_name, claims, good) => {
    await using provider = await fakeProvider();
    const judged = judge(provider, await provider.sign(claims), { skew: undefined });
    if (good) expect((await judged).sub).toBe("alice");
    else expect((await failureOf(judged)).hint).toBe("Check this machine's clock.");
  });
});

describe("a renewed token", () => {
  const claims = (more: Partial<Claims> = {}): Claims => ({
    iss: "https://a.example",
    sub: "alice",
    aud: [CLIENT],
    exp: epochMillis(2),
    iat: epochMillis(1),
    azp: undefined,
    nonce: "n",
    all: {},
    ...more,
  });
  test.each<[string, Partial<Claims>]>([
    ["the same", {}],
    ["without a nonce", { nonce: undefined }],
    ["for more", { aud: [CLIENT, "other"] }],
  ])("may be %s", (_name, more) => {
    expect(() => checkContinuity(claims(), claims(more))).not.toThrow();
  });
  test.each<[string, Partial<Claims>]>([
    ["iss", { iss: "https://b.example" }],
    ["sub", { sub: "bob" }],
    ["aud", { aud: ["other"] }],
    ["azp", { azp: CLIENT }],
    ["nonce", { nonce: "m" }],
  ])("keeps its %s", (name, more) => {
    expect(() => checkContinuity(claims(), claims(more))).toThrow(`(${name})`);
  });
});
