import { describe, expect, test } from "vitest";
import { quietSystem, VALID } from "../../test/api-server.ts";
import { secureServer } from "../../test/api-server.ts";
import { fakeProvider, type FakeProvider, type Reply } from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import { millis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { discover, readMetadata } from "./discovery.ts";
import { openWire, skewOf, type Wire } from "./exchange.ts";
import type { Reach } from "./types.ts";

const wire = (reach: Reach = {}): Wire => openWire(reach, quietSystem());

/** A provider that has its discovery document below /odd only, and it is this. */
const odd = async (reply: Reply | "silence"): Promise<FakeProvider & { readonly at: string }> => {
  const provider = await fakeProvider(() => reply);
  return Object.assign(provider, { at: `${provider.issuer}/odd` });
};

describe("what a provider says of itself", () => {
  test("is read", async () => {
    await using provider = await fakeProvider();
    expect(await discover(provider.issuer, wire())).toMatchObject({
      issuer: provider.issuer,
      tokenEndpoint: `${provider.issuer}/token`,
      authMethods: ["client_secret_basic"],
      parRequired: false,
      issuerInAnswers: false,
    });
  });

  test("means RS256 where it names no algorithm", async () => {
    await using provider = await fakeProvider();
    delete provider.published.metadata["id_token_signing_alg_values_supported"];
    expect((await discover(provider.issuer, wire())).signingAlgorithms).toEqual(["RS256"]);
  });

  test.each<[string, Reply, string, RegExp]>([
    ["404", { status: 404 }, "OIDC_PROVIDER_INVALID", /answered 404 Not Found$/],
    ["500", { status: 500 }, "OIDC_PROVIDER_BUSY", /answered 500 Internal Server Error$/],
    ["429", { status: 429 }, "OIDC_PROVIDER_BUSY", /answered 429/],
    ["HTML", { body: "<html>Sign in</html>" }, "OIDC_PROVIDER_INVALID", /no JSON but .*<html>/],
    ["a list", { body: [] }, "OIDC_PROVIDER_INVALID", /must be an object/],
    ["nothing in it", { body: {} }, "OIDC_PROVIDER_INVALID", /issuer must be text, not missing/],
    [
      "another issuer",
      { body: { issuer: "https://b.example", jwks_uri: "https://b.example/k" } },
      "OIDC_PROVIDER_INVALID",
      /calls itself "https:\/\/b\.example"$/,
    ],
  ])("is refused: %s", async (_name, reply, code, message) => {
    await using provider = await odd(reply);
    const failure = await failureOf(discover(provider.at, wire()));
    expect([failure.code, failure.message]).toEqual([code, expect.stringMatching(message)]);
  });

  test("is not taken from where a redirect leads", async () => {
    await using elsewhere = await fakeProvider();
    await using provider = await odd({
      status: 302,
      headers: { Location: `${elsewhere.issuer}/.well-known/openid-configuration` },
    });
    expect((await failureOf(discover(provider.at, wire()))).message).toMatch(/answered 302 Found$/);
    expect(elsewhere.heard).toEqual([]);
  });

  test("a slash too many is refused with the right spelling", async () => {
    await using provider = await fakeProvider();
    const failure = await failureOf(discover(`${provider.issuer}/`, wire()));
    expect(failure.code).toBe("OIDC_PROVIDER_INVALID");
    expect(failure.hint).toContain(
      `slash at the end. Write the issuer as the provider does, here and at the API server: "${provider.issuer}"`,
    );
  });

  test("is waited for so long and no longer", async () => {
    await using provider = await odd("silence");
    expect((await failureOf(discover(provider.at, wire({ timeout: millis(50) })))).code).toBe(
      "CONNECTION_TIMEOUT",
    );
  });

  test("is not read without end", async () => {
    await using provider = await odd({ body: " ".repeat(1024 * 1024 + 1) });
    expect((await failureOf(discover(provider.at, wire()))).code).toBe("ANSWER_TOO_LARGE");
  });

  test("is asked for with the headers that a person wishes", async () => {
    await using provider = await fakeProvider();
    await discover(
      provider.issuer,
      wire({
        headers: [
          ["Origin", "https://spa.example"],
          ["accept", "x/y"],
        ],
      }),
    );
    expect(provider.heard[0]?.headers).toMatchObject({ origin: "https://spa.example", accept: "x/y" });
  });
});

describe("an address of a provider", () => {
  test.each([
    ["http://issuer.example", /http shows tokens to everybody on the way/],
    ["http://127.0.0.1.example", /http shows tokens/],
    ["ftp://issuer.example", /no https URL/],
    ["issuer.example", /no https URL/],
    ["https://me:canary@issuer.example", /user name or a password/],
    ["https://issuer.example?a=b", /no query/],
    ["https://issuer.example#a", /no query and no fragment/],
  ])("is not %s", async (issuer, message) => {
    const failure = await failureOf(discover(issuer, wire()));
    expect([failure.code, failure.message]).toEqual([
      "OIDC_PROVIDER_INVALID",
      expect.stringMatching(message),
    ]);
    expect(failure.message).not.toContain("canary");
  });

  test.each(["token_endpoint", "authorization_endpoint", "jwks_uri", "device_authorization_endpoint"])(
    "is not http elsewhere for its %s",
    (name) => {
      const issuer = "https://issuer.example";
      const body = { issuer, jwks_uri: `${issuer}/keys`, [name]: "http://issuer.example/x" };
      expect(() => readMetadata(issuer, JSON.stringify(body), wire())).toThrow(/http shows tokens/);
      expect(() => readMetadata(issuer, JSON.stringify(body), wire({ allowHttp: true }))).not.toThrow();
    },
  );
});

describe("a provider that is asked over https", () => {
  const issuer = "https://issuer.example";
  test.each(["token_endpoint", "jwks_uri", "device_authorization_endpoint"])(
    "does not send secrets to whoever listens on this machine, by its %s",
    (name) => {
      const body = { issuer, jwks_uri: `${issuer}/keys`, [name]: "http://localhost:8080/x" };
      expect(() => readMetadata(issuer, JSON.stringify(body), wire())).toThrow(/http shows tokens/);
    },
  );
});

describe("over TLS", () => {
  test("with the authority that was named, beside those of the system", async () => {
    await using server = await secureServer(
      (_request, response) =>
        response.end(JSON.stringify({ issuer: server.url, jwks_uri: `${server.url}/keys` })),
      { names: ["127.0.0.1"] },
    );
    expect((await discover(server.url, wire({ ca: server.authority.cert }))).issuer).toBe(server.url);
    expect((await discover(server.url, wire({ verify: false }))).issuer).toBe(server.url);
    const other = createAuthority({ commonName: "other", ...VALID }).cert;
    for (const reach of [{}, { ca: other }])
      expect((await failureOf(discover(server.url, wire(reach)))).code).toBe("TLS_UNTRUSTED");
  });
});

describe("the provider's clock", () => {
  const at = Date.parse("2030-01-01T00:00:10Z");
  const date = (text: string): readonly (readonly [string, string])[] => [["Date", text]];
  test.each([
    ["agrees", "Tue, 01 Jan 2030 00:00:10 GMT", at, at + 500, 0],
    ["agrees while we waited", "Tue, 01 Jan 2030 00:00:10 GMT", at - 3000, at + 3000, 0],
    ["is behind", "Tue, 01 Jan 2030 00:00:10 GMT", at + 600_000, at + 600_100, 999 - 600_000],
    ["is ahead", "Tue, 01 Jan 2030 00:10:10 GMT", at, at + 100, 600_000 - 100],
    ["is no date", "soon", at, at, undefined],
  ])("%s", (_name, text, began, ended, skew) => {
    expect(skewOf(date(text), began, ended)).toBe(skew);
  });

  test("is known after an answer", async () => {
    await using provider = await fakeProvider();
    const one = wire();
    expect(one.skew()).toBeUndefined();
    provider.published.date = new Date(Date.now() + 600_000).toUTCString();
    await discover(provider.issuer, one);
    expect(Math.abs((one.skew() ?? 0) - 600_000)).toBeLessThan(5_000);
  });
});
