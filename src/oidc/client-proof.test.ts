import { generateKeyPairSync } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { CLIENT, fakeProvider, type FakeProvider } from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import { Secret } from "../base/secret.ts";
import { beginAuthorization } from "./authorization.ts";
import { discover } from "./discovery.ts";
import { openWire } from "./exchange.ts";
import { pushed } from "./par.ts";
import type { Party } from "./party.ts";
import { clientTokens } from "./token-request.ts";

const system = quietSystem();
const TOKENS = { body: { access_token: "a", token_type: "Bearer" } };

const partyOf = async (provider: FakeProvider, client: Partial<Party["client"]>): Promise<Party> => {
  const wire = openWire({}, system);
  return {
    metadata: await discover(provider.issuer, wire),
    client: { clientId: CLIENT, ...client },
    wire,
    system,
  };
};
const formOf = (provider: FakeProvider, path = "/token"): Readonly<Record<string, string>> =>
  provider.heard.find((one) => one.path === path)?.form ?? {};

describe("a client shows who it is", () => {
  test.each([
    { name: "RSA", kind: "rsa", options: { modulusLength: 2048 }, alg: "RS256" },
    { name: "P-256", kind: "ec", options: { namedCurve: "P-256" }, alg: "ES256" },
    { name: "P-384", kind: "ec", options: { namedCurve: "P-384" }, alg: "ES384" },
    { name: "Ed25519", kind: "ed25519", options: undefined, alg: "EdDSA" },
  ])("by a key of $name (private_key_jwt)", async ({ kind, options, alg }) => {
    const pair = generateKeyPairSync(kind as "rsa", options as { modulusLength: number });
    const key = new Secret(pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString());
    await using provider = await fakeProvider(() => TOKENS);
    await clientTokens(await partyOf(provider, { clientKey: { key, id: "key-1" } }), []);
    const form = formOf(provider);
    expect(form["client_assertion_type"]).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const published = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
    const { payload, protectedHeader } = await jwtVerify(
      form["client_assertion"] ?? "",
      await importSPKI(published, alg),
    );
    expect(protectedHeader).toMatchObject({
      alg: alg === "EdDSA" ? expect.stringMatching(/^Ed/) : alg,
      kid: "key-1",
    });
    expect(payload).toMatchObject({ iss: CLIENT, sub: CLIENT, aud: provider.issuer });
    expect(form).not.toHaveProperty("client_secret");
  });

  test("by a token of something else, asked for anew each time (RFC 7523), and sends no secret beside it", async () => {
    await using provider = await fakeProvider(() => TOKENS);
    let asked = 0;
    const clientAssertion = (): Promise<Secret> => Promise.resolve(new Secret(`assertion-${(asked += 1)}`));
    const party = await partyOf(provider, { clientAssertion, clientSecret: new Secret("canary") });
    await clientTokens(party, []);
    await clientTokens(party, []);
    expect(
      provider.heard.filter(({ path }) => path === "/token").map(({ form }) => form["client_assertion"]),
    ).toEqual(["assertion-1", "assertion-2"]);
    expect(JSON.stringify(provider.heard)).not.toContain("canary");
  });

  test("not by what is no key", async () => {
    await using provider = await fakeProvider(() => TOKENS);
    const party = await partyOf(provider, { clientKey: { key: new Secret("no key"), id: undefined } });
    expect(await failureOf(clientTokens(party, []))).toMatchObject({ code: "USAGE" });
    expect(provider.count("/token")).toBe(0);
  });
});

describe("a pushed request (RFC 9126)", () => {
  const push = async (provider: FakeProvider): Promise<URL> => {
    const party = await partyOf(provider, {});
    const wishes = {
      clientId: CLIENT,
      redirectUri: "http://localhost:8000",
      scopes: [],
      pkce: "auto",
    } as const;
    return (await pushed(party, beginAuthorization(party.metadata, wishes, system))).url;
  };
  const offering = async (status: number, required = false): Promise<FakeProvider> => {
    const provider = await fakeProvider(() => ({ status, body: { request_uri: "urn:x", expires_in: 60 } }));
    provider.published.metadata["pushed_authorization_request_endpoint"] = `${provider.issuer}/par`;
    provider.published.metadata["require_pushed_authorization_requests"] = required;
    return provider;
  };

  test("leaves its name to the browser, and nothing else", async () => {
    await using provider = await offering(201);
    expect(Object.fromEntries((await push(provider)).searchParams)).toEqual({
      client_id: CLIENT,
      request_uri: "urn:x",
    });
    expect(formOf(provider, "/par")).toMatchObject({ response_type: "code", code_challenge_method: "S256" });
  });

  test("is left out where the provider does not take it from this client", async () => {
    await using provider = await offering(400);
    expect((await push(provider)).searchParams.get("code_challenge_method")).toBe("S256");
  });

  test("unless the provider wants all of them pushed", async () => {
    await using provider = await offering(400, true);
    expect(await failureOf(push(provider))).toMatchObject({ code: "OIDC_CLIENT_REFUSED" });
  });
});
