import { describe, expect, test } from "vitest";
import { idToken, sent, type Answer } from "../../../test/auth-provider-scene.ts";
import {
  BASE,
  FRESH,
  GOOD,
  isDiscovery,
  NOW,
  OLD,
  provider,
  someone,
  tokenRequests,
} from "../../../test/oidc-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("a refresh", () => {
  test.each([
    ["without an ID token", undefined],
    ["with an empty one", ""],
    ["with one that has ended", OLD],
  ])("%s", async (_name, token) => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(
      { ...BASE, ...(token === undefined ? {} : { "id-token": token }) },
      cloud,
    );
    expect(sent(await (await who.source()).get())).toBe(`Bearer ${FRESH}`);
    expect(cloud.proxied).toEqual(["issuer.example:443", "issuer.example:443"]);
  });

  test.each([["none"], [""]])("is not tried with the refresh token %j", async (token) => {
    await using cloud = await provider([GOOD]);
    const { "refresh-token": _left, ...rest } = BASE;
    await using who = await someone(
      { ...rest, "id-token": OLD, ...(token === "none" ? {} : { "refresh-token": token }) },
      cloud,
    );
    expect((await failureOf((await who.source()).get())).message).toBe(
      "No valid id-token, and cannot refresh without refresh-token",
    );
    expect(cloud.asked).toEqual([]);
  });

  test("asks with Basic, both parts encoded, and without a scope", async () => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(BASE, cloud);
    await (await who.source()).get();
    const [discovery, token] = cloud.asked;
    expect([discovery?.method, discovery?.host, discovery?.path]).toEqual([
      "GET",
      "issuer.example",
      "/realm/.well-known/openid-configuration",
    ]);
    const basic = Buffer.from("my+client:canary+s%3Acr%C3%A9t").toString("base64");
    expect([token?.method, token?.path, token?.headers["authorization"]]).toEqual([
      "POST",
      "/realm/token",
      `Basic ${basic}`,
    ]);
    expect(token?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(token?.form).toEqual({ grant_type: "refresh_token", refresh_token: "canary-r1" });
  });

  test.each<[string, Answer | "cut"]>([
    ["a 401", { status: 401, body: { error: "invalid_client" } }],
    ["a 500", { status: 500, body: "no" }],
    ["an answer without an access token", { body: { id_token: FRESH } }],
    ["an error with status 200", { body: { error: "invalid_client" } }],
    ["no JSON", { body: "<html>" }],
    ["a broken connection", "cut"],
  ])(
    "after %s asks again with the client in the form, and begins with Basic the next time",
    async (_name, first) => {
      const short = idToken({ exp: NOW + 100 });
      await using cloud = await provider([first, { body: { access_token: "a", id_token: short } }, GOOD]);
      await using who = await someone(BASE, cloud);
      const source = await who.source();
      expect(sent(await source.get())).toBe(`Bearer ${short}`);
      who.pass(100_000);
      expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
      const requests = tokenRequests(cloud);
      expect(requests.map(({ headers }) => headers["authorization"] !== undefined)).toEqual([
        true,
        false,
        true,
      ]);
      expect(requests[1]?.form).toEqual({
        grant_type: "refresh_token",
        refresh_token: "canary-r1",
        client_id: "my client",
        client_secret: "canary s:crét",
      });
      expect(cloud.asked.filter(isDiscovery).length).toBe(2);
    },
  );

  test("of a public client has no secret in the form", async () => {
    await using cloud = await provider([{ status: 401 }, GOOD]);
    const { "client-secret": _left, ...rest } = BASE;
    await using who = await someone(rest, cloud);
    await (await who.source()).get();
    expect(tokenRequests(cloud)[1]?.form).not.toHaveProperty("client_secret");
  });

  test.each<[string, Answer, string]>([
    [
      "a code",
      { status: 400, body: { error: "invalid_grant" } },
      'failed to refresh token: oauth2: "invalid_grant"',
    ],
    [
      "a code and words",
      { status: 400, body: { error: "invalid_grant", error_description: 'Token "x" expired\u001b[2J' } },
      'failed to refresh token: oauth2: "invalid_grant" "Token \\"x\\" expired\\u001b[2J"',
    ],
    [
      "a code, words and a place to read",
      { body: { error: "e", error_description: "d", error_uri: "https://u.example" } },
      'failed to refresh token: oauth2: "e" "d" "https://u.example"',
    ],
    [
      "a form with a code",
      {
        status: 400,
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        body: "error=invalid_grant&error_description=a+b",
      },
      'failed to refresh token: oauth2: "invalid_grant" "a b"',
    ],
    [
      "a page",
      { status: 502, body: "bad\u001b gateway refresh_token=canary" },
      "failed to refresh token: oauth2: cannot fetch token: 502 Bad Gateway\nResponse: bad\\u{1b} gateway refresh_token=[redacted]",
    ],
    [
      "a redirect, which is not followed",
      { status: 302, headers: { Location: "https://issuer.example/elsewhere" }, body: "" },
      "failed to refresh token: oauth2: cannot fetch token: 302 Found\nResponse: ",
    ],
    [
      "no JSON",
      { body: "canary" },
      "failed to refresh token: oauth2: cannot parse json: value must be an object, not missing",
    ],
    [
      "a number for a token",
      { body: { access_token: 7 } },
      "failed to refresh token: oauth2: cannot parse json: access_token must be text, not number",
    ],
    [
      "no access token",
      { body: { id_token: FRESH } },
      "failed to refresh token: oauth2: server response missing access_token",
    ],
    ["no ID token", { body: { access_token: "canary" } }, NO_ID_TOKEN()],
    ["a number for an ID token", { body: { access_token: "canary", id_token: 7 } }, NO_ID_TOKEN()],
  ])("answered by %s", async (_name, answer, wanted) => {
    await using cloud = await provider([answer, answer]);
    await using who = await someone(BASE, cloud, { level: 9 });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["AUTH_PROVIDER_FAILED", wanted]);
    expect(`${message}${who.said()}`).not.toContain("canary");
    expect(who.writes()).toBe(0);
    expect(cloud.asked.some(({ path }) => path === "/elsewhere")).toBe(false);
  });

  test("takes a form as an answer", async () => {
    const body = new URLSearchParams({ access_token: "a", id_token: FRESH }).toString();
    await using cloud = await provider([
      { headers: { "Content-Type": "application/x-www-form-urlencoded" }, body },
    ]);
    await using who = await someone(BASE, cloud);
    expect(sent(await (await who.source()).get())).toBe(`Bearer ${FRESH}`);
  });

  test("keeps the network's code and hint", async () => {
    await using cloud = await provider(["cut", "cut"]);
    await using who = await someone(BASE, cloud);
    const { code, message, hint } = await failureOf((await who.source()).get());
    expect(code).toBe("CONNECTION_LOST");
    expect(message).toMatch(/^failed to refresh token: The connection to https:\/\/issuer.example was lost/);
    expect(hint).not.toBe("");
  });

  test("that gives a token with a line break sends nothing", async () => {
    await using cloud = await provider([{ body: { access_token: "a", id_token: `${FRESH}\r\nX: canary` } }]);
    await using who = await someone(BASE, cloud);
    const { code, message } = await failureOf((await who.source()).get());
    expect(code).toBe("TOKEN_INVALID");
    expect(message).not.toContain("canary");
  });
});

function NO_ID_TOKEN(): string {
  return "token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response";
}
