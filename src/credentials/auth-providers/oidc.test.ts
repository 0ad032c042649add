import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  fakeCloud,
  idToken,
  person,
  sent,
  type Answer,
  type Person,
} from "../../../test/auth-provider-scene.ts";
import {
  BASE,
  FRESH,
  GOOD,
  ISSUER,
  NOW,
  provider,
  someone,
  tokenRequests,
} from "../../../test/oidc-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("what the kubeconfig has to say", () => {
  test.each([
    ["no issuer", { "client-id": "c" }, "Must provide idp-issuer-url"],
    ["no client", { "idp-issuer-url": ISSUER }, "Must provide client-id"],
    [
      "an authority's data that is no base64",
      { ...BASE, "idp-certificate-authority-data": "!" },
      "illegal base64 data at input byte 0",
    ],
    [
      "an authority's data that is no PEM",
      { ...BASE, "idp-certificate-authority-data": "Y2E=" },
      "unable to load root certificates: unable to parse bytes as PEM block",
    ],
    [
      "an authority's file that is not there",
      { ...BASE, "idp-certificate-authority": "none.crt" },
      "open none.crt: no such file or directory",
    ],
  ])("%s", async (_name, config, wanted) => {
    await using who = await someone(config);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["CLIENT_CONFIG_INVALID", wanted]);
  });

  test("the name is that of a provider", async () => {
    await using who = await person("okta", BASE);
    const { code, message } = await failureOf(who.source());
    expect([code, message]).toEqual(["CLIENT_CONFIG_INVALID", 'no Auth Provider found for name "okta"']);
  });

  test("extra-scopes is only told of", async () => {
    await using who = await someone({ ...BASE, "id-token": FRESH, "extra-scopes": "a" }, undefined, {
      level: 2,
    });
    await (await who.source()).get();
    expect(who.said()).toContain("extra-scopes auth provider field deprecated");
  });

  test("nothing says that oidc was replaced", async () => {
    await using who = await someone({ ...BASE, "id-token": FRESH });
    await (await who.source()).get();
    expect(who.said()).toBe("");
  });
});

describe("the ID token of the kubeconfig", () => {
  test.each([
    ["ends in 11 s", { exp: NOW + 11 }, true],
    ["ends in 10 s", { exp: NOW + 10 }, false],
    ["has ended", { exp: NOW - 1 }, false],
    ["has an end with a fraction, which is cut", { exp: NOW + 10.9 }, false],
    ["has an end with an exponent", { exp: 1.9e9 }, true],
    ["has an end within quotes", { exp: String(NOW + 11) }, true],
    ["has no end", {}, false],
  ])("%s", async (_name, claims, used) => {
    await using cloud = await provider([GOOD]);
    const token = idToken(claims);
    await using who = await someone({ ...BASE, "id-token": token }, cloud);
    expect(sent(await (await who.source()).get())).toBe(`Bearer ${used ? token : FRESH}`);
    expect(tokenRequests(cloud).length).toBe(used ? 0 : 1);
  });

  test("1.493851263e9 is a time long gone", async () => {
    await using who = await someone({
      ...BASE,
      "refresh-token": "",
      "id-token": `e30.${Buffer.from('{"exp":1.493851263e9}').toString("base64url")}.s`,
    });
    expect((await failureOf((await who.source()).get())).message).toMatch(/^No valid id-token/);
  });

  test.each([
    ["has two parts", "a.b", "ID Token is not a valid JWT"],
    ["has four parts", "a.b.c.d", "ID Token is not a valid JWT"],
    ["is no base64", "a.e30=.c", "illegal base64 data at input byte 3"],
    ["has a length that base64 cannot have", "a.e30aa.c", "illegal base64 data at input byte 4"],
    [
      "has no JSON",
      `a.${Buffer.from("canary").toString("base64url")}.c`,
      "parsing claims: they are no JSON object",
    ],
    [
      "has a list for claims",
      `a.${Buffer.from("[]").toString("base64url")}.c`,
      "parsing claims: they are no JSON object",
    ],
    ["has a word for its end", idToken({ exp: "soon" }), "parsing claims: exp is no number"],
    ["has null for its end", idToken({ exp: null }), "parsing claims: exp is no number"],
  ])("that %s is an error, and no refresh is tried", async (_name, token, wanted) => {
    await using cloud = await provider([GOOD]);
    await using who = await someone({ ...BASE, "id-token": token }, cloud);
    expect((await failureOf((await who.source()).get())).message).toBe(wanted);
    expect(cloud.asked).toEqual([]);
  });

  test.each([[1e300], [1e18], [9e12]])("may say that it ends in %s s, which has to be shown", async (exp) => {
    await using who = await someone({ ...BASE, "id-token": idToken({ exp }) });
    const { expiresAt } = await (await who.source()).get();
    expect(new Date(expiresAt ?? Number.NaN).toISOString()).toBe("9999-12-31T23:59:59.999Z");
  });

  test("says what it is and when it ends", async () => {
    await using who = await someone({ ...BASE, "id-token": FRESH });
    const source = await who.source();
    expect([source.method, source.description]).toEqual(["auth-provider", 'auth provider "oidc"']);
    expect((await source.get()).expiresAt).toBe((NOW + 3600) * 1000);
    expect(await source.get()).toBe(await source.get());
  });
});

describe("discovery", () => {
  test.each<[string, Answer, string]>([
    [
      "another status",
      { status: 404, body: `no such realm\u001b ${"x".repeat(100)}` },
      `oidc: failed to query metadata endpoint 404 Not Found: "no such realm\\u001b ${"x".repeat(65)}..."`,
    ],
    [
      "a redirect",
      { status: 302, headers: { Location: "/" }, body: "" },
      'oidc: failed to query metadata endpoint 302 Found: ""',
    ],
    [
      "no JSON",
      { body: "<html>canary" },
      "oidc: failed to decode provider discovery object: value must be an object, not missing",
    ],
    [
      "a number for the endpoint",
      { body: { token_endpoint: 1 } },
      "oidc: failed to decode provider discovery object: token_endpoint must be text, not number",
    ],
    ["no endpoint", { body: {} }, "oidc: discovery object doesn't contain a token_endpoint"],
    [
      "an endpoint that is no URL",
      { body: { token_endpoint: "file:///etc/passwd" } },
      'failed to refresh token: token_endpoint "file:///etc/passwd" is no http or https URL',
    ],
  ])("answered by %s", async (_name, discovery, wanted) => {
    await using cloud = await provider([], discovery);
    await using who = await someone(BASE, cloud);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["AUTH_PROVIDER_FAILED", wanted]);
    expect(tokenRequests(cloud)).toEqual([]);
  });

  test.each([
    ["https://issuer.example/realm", "/realm/.well-known/openid-configuration"],
    ["https://issuer.example/realm/", "/realm/.well-known/openid-configuration"],
    ["https://issuer.example/realm//", "/realm//.well-known/openid-configuration"],
  ])("of %s loses one slash at most", async (issuer, path) => {
    await using cloud = await fakeCloud(() => ({ status: 404 }));
    await using who = await someone({ ...BASE, "idp-issuer-url": issuer }, cloud);
    await failureOf((await who.source()).get());
    expect(cloud.asked.map((asked) => asked.path)).toEqual([path]);
  });

  test.each([["no URL"], ["ftp://issuer.example"]])("of %j is not tried", async (issuer) => {
    await using who = await someone({ ...BASE, "idp-issuer-url": issuer });
    const { message } = await failureOf((await who.source()).get());
    expect(message).toBe(`Cannot use idp-issuer-url "${issuer}": it is no http or https URL`);
  });
});

describe("whom it trusts", () => {
  test("nobody that the system does not", async () => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(BASE, undefined, {
      env: { ...cloud.env, SSL_CERT_FILE: "/none", SSL_CERT_DIR: "/none" },
    });
    expect((await failureOf((await who.source()).get())).code).toBe("TLS_UNTRUSTED");
    expect(cloud.asked).toEqual([]);
  });

  test.each(["file", "data", "data over a file of another"])("the authority of a %s", async (kind) => {
    await using cloud = await provider([GOOD]);
    await using other = await provider([]);
    const pem = Buffer.from(cloud.authority);
    const config = {
      ...BASE,
      ...(kind === "file" ? { "idp-certificate-authority": "sub/ca.crt" } : {}),
      ...(kind === "data" ? { "idp-certificate-authority-data": pem.toString("base64") } : {}),
      ...(kind.startsWith("data over")
        ? {
            "idp-certificate-authority": "sub/ca.crt",
            "idp-certificate-authority-data": pem.toString("base64"),
          }
        : {}),
    };
    await using who = await someone(config, undefined, {
      env: { ...cloud.env, SSL_CERT_FILE: "/none", SSL_CERT_DIR: "/none" },
    });
    // Relative to the working directory, not to the kubeconfig (§1.2).
    await mkdir(join(who.home, "sub"));
    await writeFile(join(who.home, "sub", "ca.crt"), kind === "file" ? pem : other.authority);
    expect(sent(await (await who.source()).get())).toBe(`Bearer ${FRESH}`);
  });
});

describe("one provider a process", () => {
  const SHARED = { ...BASE, "id-token": FRESH };
  const second = async (config: Readonly<Record<string, string>>, server: string): Promise<boolean> => {
    await using who = await someone(SHARED);
    await using other = await someone({ ...SHARED, ...config }, undefined, { server });
    const system: Person["system"] = {
      ...other.system,
      shared: (key, make) => who.system.shared(key, make),
    };
    const [mine, theirs] = [await (await who.source()).get(), await (await other.source(system)).get()];
    return mine === theirs;
  };
  test.each([
    ["the same cluster, issuer and client", {}, "https://cluster.example", true],
    [
      "another token: the first configuration wins",
      { "id-token": idToken({ exp: NOW + 99 }) },
      "https://cluster.example",
      true,
    ],
    ["another cluster", {}, "https://other.example", false],
    ["another issuer", { "idp-issuer-url": "https://issuer.example" }, "https://cluster.example", false],
    ["another client", { "client-id": "other" }, "https://cluster.example", false],
  ])("%s", async (_name, config, server, shared) => {
    expect(await second(config, server)).toBe(shared);
  });
});

describe("beside other fields of the user (§1.6)", () => {
  test.each([
    ["a token", { token: "static" }, "https://cluster.example", "token", "Bearer static"],
    ["a name", { username: "a", password: "b" }, "https://cluster.example", "basic", "Basic YTpi"],
    ["plain http", {}, "http://cluster.example", "none", undefined],
  ])("%s makes it do nothing", async (_name, user, server, method, wanted) => {
    await using cloud = await provider([]);
    await using who = await someone(BASE, cloud, { user, server });
    const source = await who.source();
    expect([source.method, sent(await source.get())]).toEqual([method, wanted]);
    expect(cloud.asked).toEqual([]);
  });

  test("a certificate goes along", async () => {
    await using cloud = await provider([GOOD]);
    const user = { "client-certificate-data": "Y2VydA==", "client-key-data": "a2V5" };
    await using who = await someone(BASE, cloud, { user });
    const source = await who.source();
    const credential = await source.get();
    expect([source.method, sent(credential), credential.certificate?.cert]).toEqual([
      "auth-provider",
      `Bearer ${FRESH}`,
      "cert",
    ]);
    expect(await source.get()).toBe(credential);
    expect(await source.renew(credential)).toBeUndefined();
  });
});
