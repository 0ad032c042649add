import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { CLIENT, fakeProvider, type FakeProvider, type Reply } from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import { isKnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { beginAuthorization, type Authorization } from "./authorization.ts";
import { discover } from "./discovery.ts";
import { openWire } from "./exchange.ts";
import { isPassing } from "./passing.ts";
import { isRefusal } from "./token-answer.ts";
import {
  askDevice,
  clientTokens,
  passwordTokens,
  redeemCode,
  refreshTokens,
  type Party,
} from "./token-request.ts";

const system = quietSystem();
const SECRET = new Secret("canary a+b/c=%");

const partyOf = async (provider: FakeProvider, clientSecret?: Secret): Promise<Party> => {
  const wire = openWire({ headers: [["X-Own", "1"]] }, system);
  return {
    metadata: await discover(provider.issuer, wire),
    client: { clientId: CLIENT, clientSecret },
    wire,
    system,
  };
};
const begin = ({ metadata }: Party): Authorization =>
  beginAuthorization(
    metadata,
    { clientId: CLIENT, redirectUri: "http://localhost:8000", scopes: [], pkce: "auto" },
    system,
  );
const answering = async (reply: Reply): Promise<FakeProvider> => await fakeProvider(() => reply);
const GOOD: Reply = {
  body: { access_token: "canary-a", token_type: "Bearer", refresh_token: "canary-r2", expires_in: "60" },
};

const answer = ({ state }: Authorization, more: Record<string, string> = {}): URLSearchParams =>
  new URLSearchParams({ code: "canary-code", state: state.reveal(), ...more });

describe("a code", () => {
  test("is exchanged with its verifier and the redirect URI as it was, without a slash", async () => {
    await using provider = await answering(GOOD);
    const party = await partyOf(provider);
    const authorization = begin(party);
    const tokens = await redeemCode(party, authorization, answer(authorization));
    expect(tokens.refreshToken?.reveal()).toBe("canary-r2");
    expect(provider.heard.at(-1)).toMatchObject({
      method: "POST",
      path: "/token",
      headers: { "x-own": "1" },
      form: {
        grant_type: "authorization_code",
        code: "canary-code",
        code_verifier: authorization.verifier?.reveal(),
        redirect_uri: "http://localhost:8000",
        client_id: CLIENT,
      },
    });
  });

  test.each<[string, Record<string, string>, boolean, RegExp]>([
    ["another issuer's", { iss: "https://b.example" }, false, /unexpected "iss"/],
    ["no issuer where one is promised", {}, true, /"iss" \(issuer\) missing/],
    ["another state", { state: "x" }, false, /"state"/],
    ["no code", { code: "" }, false, /neither a code nor an error/],
    [
      "an error",
      { error: "access_denied", error_description: "no" },
      false,
      /^authorization error from server: access_denied no$/,
    ],
  ])("is not exchanged with %s", async (_name, more, promised, message) => {
    await using provider = await answering(GOOD);
    provider.published.metadata["authorization_response_iss_parameter_supported"] = promised;
    const party = await partyOf(provider);
    const authorization = begin(party);
    const failure = await failureOf(redeemCode(party, authorization, answer(authorization, more)));
    expect([failure.code, failure.message]).toEqual(["OIDC_LOGIN_REFUSED", expect.stringMatching(message)]);
    expect(provider.count("/token")).toBe(0);
  });

  test.each<[string, Reply]>([
    ["401", { status: 401, body: { error: "invalid_client" } }],
    ["500", { status: 500 }],
    ["302", { status: 302, headers: { Location: "/elsewhere" } }],
  ])("is sent once, whatever comes: %s", async (_name, reply) => {
    await using provider = await answering(reply);
    const party = await partyOf(provider, SECRET);
    const authorization = begin(party);
    await failureOf(redeemCode(party, authorization, answer(authorization)));
    expect([provider.count("/token"), provider.count("/elsewhere")]).toEqual([1, 0]);
  });
});

describe("a client with a secret", () => {
  test.each<[string, readonly string[] | undefined, boolean]>([
    ["nothing", undefined, true],
    ["both", ["client_secret_post", "client_secret_basic"], true],
    ["the form only", ["client_secret_post"], false],
    ["neither", ["private_key_jwt"], true],
  ])("proves itself where the provider names %s", async (_name, methods, basic) => {
    await using provider = await answering(GOOD);
    provider.published.metadata["token_endpoint_auth_methods_supported"] = methods;
    await clientTokens(await partyOf(provider, SECRET), ["x"]);
    const last = provider.heard.at(-1);
    const pair = Buffer.from(`${CLIENT}:canary+a%2Bb%2Fc%3D%25`).toString("base64");
    expect(last?.headers.authorization).toBe(basic ? `Basic ${pair}` : undefined);
    expect(last?.form["client_secret"]).toBe(basic ? undefined : SECRET.reveal());
  });
});

describe("what else is asked", () => {
  test("a refresh keeps the old refresh token where no new one comes", async () => {
    await using provider = await answering({ body: { access_token: "a", token_type: "Bearer" } });
    const tokens = await refreshTokens(await partyOf(provider), new Secret("canary-r1"));
    expect(tokens.refreshToken?.reveal()).toBe("canary-r1");
    expect(provider.heard.at(-1)?.form).toEqual({
      grant_type: "refresh_token",
      refresh_token: "canary-r1",
      client_id: CLIENT,
    });
  });

  test("password, client credentials and device code", async () => {
    await using provider = await answering(GOOD);
    const party = await partyOf(provider);
    await passwordTokens(party, { username: "u", password: new Secret("canary-p") }, ["email"]);
    expect(provider.heard.at(-1)?.form).toMatchObject({
      grant_type: "password",
      username: "u",
      password: "canary-p",
      scope: "email openid",
    });
    await clientTokens(party, [], new Map([["audience", "x"]]));
    expect(provider.heard.at(-1)?.form).toMatchObject({ grant_type: "client_credentials", audience: "x" });
    const device = await askDevice(party, new Secret("canary-d"));
    expect(isRefusal(device)).toBe(false);
    expect(provider.heard.at(-1)?.form).toMatchObject({
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: "canary-d",
    });
  });
});

describe("an answer", () => {
  const refresh = async (reply: Reply): Promise<unknown> => {
    await using provider = await answering(reply);
    return await refreshTokens(await partyOf(provider, SECRET), new Secret("canary-r1")).catch(
      (error: unknown) => error,
    );
  };
  test.each<[string, Reply, string, boolean]>([
    [
      "invalid_grant",
      { status: 400, body: { error: "invalid_grant", error_description: "canary-r1 is spent" } },
      "OIDC_GRANT_REFUSED",
      false,
    ],
    ["an error with 200", { body: { error: "invalid_client" } }, "OIDC_CLIENT_REFUSED", false],
    ["access_denied", { status: 400, body: { error: "access_denied" } }, "OIDC_LOGIN_REFUSED", false],
    ["expired_token", { status: 400, body: { error: "expired_token" } }, "OIDC_LOGIN_TIMEOUT", false],
    ["500", { status: 500, body: "canary-r1" }, "OIDC_PROVIDER_BUSY", true],
    [
      "500 that says invalid_grant",
      { status: 500, body: { error: "invalid_grant" } },
      "OIDC_PROVIDER_BUSY",
      true,
    ],
    ["429", { status: 429 }, "OIDC_PROVIDER_BUSY", true],
    [
      "temporarily_unavailable",
      { status: 400, body: { error: "temporarily_unavailable" } },
      "OIDC_PROVIDER_BUSY",
      true,
    ],
    ["302", { status: 302, headers: { Location: "https://x.example" } }, "OIDC_PROVIDER_INVALID", false],
    ["HTML", { body: "<html>canary-r1</html>" }, "OIDC_PROVIDER_INVALID", false],
    ["nothing in it", { body: {} }, "OIDC_PROVIDER_INVALID", false],
    ["an access token that is no text", { body: { access_token: 1 } }, "OIDC_PROVIDER_INVALID", false],
    ["too much", { body: " ".repeat(1024 * 1024 + 1) }, "ANSWER_TOO_LARGE", false],
  ])("%s", async (_name, reply, code, passing) => {
    const error = await refresh(reply);
    expect(isKnownError(error) ? error.code : error).toBe(code);
    expect(isPassing(error)).toBe(passing);
    expect(String(error)).not.toContain("canary");
  });

  test("may be a form", async () => {
    expect(
      await refresh({
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: "access_token=a&id_token=b&expires_in=60",
      }),
    ).toMatchObject({ expiresAt: expect.any(Number) as number });
  });
});
