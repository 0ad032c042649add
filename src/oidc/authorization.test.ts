import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { realSystem } from "../base/system.ts";
import { beginAuthorization, type AuthorizationWishes } from "./authorization.ts";

const METADATA = {
  issuer: "https://a.example",
  authorizationEndpoint: "https://a.example/auth?tenant=x",
  challengeMethods: ["plain", "S256"],
};
const WISHES: AuthorizationWishes = {
  clientId: "kubernetes",
  redirectUri: "http://localhost:8000",
  scopes: ["email", "profile"],
  pkce: "auto",
};
const system = realSystem();

describe("an authorization request", () => {
  test("says what kubelogin's says, and is protected by S256", () => {
    const { url, state, nonce, verifier } = beginAuthorization(METADATA, WISHES, system);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "x",
      access_type: "offline",
      client_id: "kubernetes",
      code_challenge: createHash("sha256")
        .update(verifier?.reveal() ?? "")
        .digest("base64url"),
      code_challenge_method: "S256",
      nonce,
      redirect_uri: "http://localhost:8000",
      response_type: "code",
      scope: "email profile openid",
      state: state.reveal(),
    });
    for (const text of [state.reveal(), nonce, verifier?.reveal()]) expect(text).toMatch(/^[\w-]{43}$/);
    expect(url.href).not.toContain(verifier?.reveal());
  });

  test("has nothing in common with the next one", () => {
    const all = Array.from({ length: 20 }, () => beginAuthorization(METADATA, WISHES, system));
    const texts = all.flatMap(({ state, nonce, verifier }) => [state.reveal(), nonce, verifier?.reveal()]);
    expect(new Set(texts).size).toBe(60);
  });

  test.each([
    ["auto", undefined, true],
    ["auto", ["S256"], true],
    ["S256", ["plain"], true],
    ["S256", undefined, true],
    ["no", ["S256"], false],
  ] as const)("with PKCE %s where the provider says %j: %s", (pkce, challengeMethods, sent) => {
    const { url, verifier } = beginAuthorization(
      { ...METADATA, challengeMethods },
      { ...WISHES, pkce },
      system,
    );
    expect([url.searchParams.get("code_challenge_method"), verifier !== undefined]).toEqual([
      sent ? "S256" : null,
      sent,
    ]);
  });

  test.each([[["plain"]], [[]]])("is not made where the provider lists %j", (challengeMethods) => {
    expect(() => beginAuthorization({ ...METADATA, challengeMethods }, WISHES, system)).toThrow(
      expect.objectContaining({ code: "OIDC_PKCE_REFUSED", exit: 2 }),
    );
  });

  test("takes extra parameters, over ours too", () => {
    const extra = new Map([
      ["ttl", "86400"],
      ["reauth", "false"],
      ["access_type", "online"],
    ]);
    const { url } = beginAuthorization(METADATA, { ...WISHES, extra }, system);
    expect(Object.fromEntries(url.searchParams)).toMatchObject(Object.fromEntries(extra));
  });

  test.each([
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_type",
    "client_id",
  ])("takes no %s from elsewhere", (name) => {
    expect(() => beginAuthorization(METADATA, { ...WISHES, extra: new Map([[name, "x"]]) }, system)).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });

  test("has each scope once, and openid last", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("openid", "email", "groups", "")), (scopes) => {
        const { url } = beginAuthorization(METADATA, { ...WISHES, scopes }, system);
        const said = url.searchParams.get("scope")?.split(" ") ?? [];
        expect(said.at(-1)).toBe("openid");
        expect(new Set(said).size).toBe(said.length);
        expect(said.slice(0, -1).toSorted()).toEqual(
          [...new Set(scopes.filter((each) => each !== "" && each !== "openid"))].toSorted(),
        );
      }),
    );
  });
});
