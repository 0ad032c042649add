import { describe, expect, test } from "vitest";
import { keepForTest } from "../../../../test/keep.ts";
import { examinerOf, knows, refuses } from "../../../../test/oidc-doctor-scene.ts";
import { fakeProvider, type FakeProvider } from "../../../../test/openid-scene.ts";
import type { System } from "../../../base/system.ts";
import { clientCheck, grantsCheck, pkceCheck, redirectCheck, scopesCheck } from "./client.ts";
import { offlineCheck } from "./offline.ts";
import {
  algorithmsCheck,
  clockCheck,
  discoveryCheck,
  keysCheck,
  proxyCheck,
  settingsCheck,
} from "./provider.ts";
import type { OidcScene } from "./scene.ts";

const keep = keepForTest();
const start = async (script = refuses): Promise<FakeProvider> => keep(await fakeProvider(script));

const CHECKS = [
  settingsCheck,
  proxyCheck,
  discoveryCheck,
  clockCheck,
  keysCheck,
  algorithmsCheck,
  pkceCheck,
  grantsCheck,
  offlineCheck,
  scopesCheck,
  clientCheck,
  redirectCheck,
];

const examine = examinerOf(CHECKS);

describe("a provider as it should be", () => {
  test("each thing is well", async () => {
    const { issuer, published } = await start(knows());
    published.metadata["scopes_supported"] = ["openid", "offline_access", "email"];
    published.metadata["grant_types_supported"] = ["authorization_code", "refresh_token"];
    const found = await examine({ issuer, scopes: ["email", "offline_access"] });
    // Over plain http, as no API server takes it.
    expect([...found.values()].filter(({ state }) => state !== "ok").map(({ id }) => id)).toEqual([
      "proxy",
      "discovery",
    ]);
    expect(found.get("discovery")?.found).toBe(`${issuer} is an OpenID provider; over plain http`);
    expect(found.get("keys")?.found).toBe(`5 keys (RSA, EC, OKP) at ${issuer}/keys`);
    expect(found.get("grants")?.found).toBe("the provider offers authcode, device-code");
    expect(found.get("redirect")?.found).toBe("the provider knows http://localhost:18000");
    expect(found.get("client")?.found).toBe("the provider takes client kubernetes without a secret");
  });
});

describe("discovery", () => {
  test("an issuer that differs in a slash is told in both spellings", async () => {
    const { issuer, published } = await start();
    published.metadata["issuer"] = `${issuer}/`;
    const found = (await examine({ issuer })).get("discovery");
    expect(found).toMatchObject({ state: "bad" });
    expect(found?.found).toContain(`it calls itself "${issuer}/" [OIDC_PROVIDER_INVALID]`);
    expect(found?.next).toContain(`here and at the API server: "${issuer}/"`);
  });

  test("a provider below another address is found", async () => {
    const { issuer, published } = await start(({ path }) =>
      path === "/realm/.well-known/openid-configuration"
        ? { status: 404, body: "nothing here" }
        : { status: 404 },
    );
    published.metadata["issuer"] = issuer;
    const found = (await examine({ issuer: `${issuer}/realm` })).get("discovery");
    expect(found?.next).toBe(`There is a provider at ${issuer}: use that as the issuer, letter by letter`);
  });

  test("a page in place of a document", async () => {
    const { issuer } = await start(() => ({ body: "<html>Sign in</html>" }));
    const found = (await examine({ issuer: `${issuer}/x` })).get("discovery");
    expect(found).toMatchObject({ state: "bad" });
    expect(found?.found).toContain("it is no JSON but");
  });

  test("without it nothing else is tried", async () => {
    const found = await examine({ issuer: "http://127.0.0.1:1" });
    expect(found.get("discovery")?.found).toContain("[CONNECTION_REFUSED]");
    expect(found.get("keys")?.state).toBe("untried");
    expect(found.get("redirect")?.state).toBe("untried");
  });

  test.each([
    { issuer: "https://login.microsoftonline.com/common/v2.0", says: "put your tenant's id in its place" },
    { issuer: "https://x.b2clogin.com/x/policy/v2.0", says: "discoveryURL" },
  ])("$issuer", async ({ issuer, says }) => {
    const { KnownError } = await import("../../../base/errors.ts");
    const fault = new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use the provider "${issuer}": it calls itself "https://other"`,
    );
    const { discoveryFault } = await import("./provider.ts");
    const note = await discoveryFault(fault, { examined: { issuer } } as OidcScene);
    expect(note.next).toContain(says);
  });
});

describe("the clock", () => {
  test.each([
    { ahead: 30, state: "warning", says: "30 s behind" },
    { ahead: -600, state: "bad", says: "s ahead of the provider's" },
    { ahead: 0, state: "ok", says: "agree" },
  ])("a provider that is $ahead s ahead", async ({ ahead, state, says }) => {
    const { issuer, published } = await start();
    const now = 1_790_000_000_000;
    published.date = new Date(now + ahead * 1000).toUTCString();
    const system = { now: () => now as ReturnType<System["now"]> };
    const found = (await examine({ issuer }, [discoveryCheck, clockCheck], system)).get("clock");
    expect(found?.state).toBe(state);
    expect(found?.found).toContain(says);
  });
});

describe("keys and algorithms", () => {
  test.each([
    { keys: [], says: "publishes no key" },
    { keys: undefined, says: "is no JSON Web Key Set" },
  ])("$says", async ({ keys, says }) => {
    const { issuer, published } = await start();
    // A key alone instead of a set, as in kubelogin issue 248, has no list either.
    published.keys = keys as FakeProvider["published"]["keys"];
    expect((await examine({ issuer })).get("keys")).toMatchObject({ state: "bad" });
    expect((await examine({ issuer })).get("keys")?.found).toContain(says);
  });

  test("several keys without names", async () => {
    const { issuer, published } = await start();
    published.keys = published.keys.map(({ kid: _kid, ...key }) => key);
    expect((await examine({ issuer })).get("keys")?.found).toContain("5 of them have no name (kid)");
  });

  test.each([
    { algs: ["ES256"], state: "warning", next: "--oidc-signing-algs=ES256" },
    { algs: ["EdDSA"], state: "bad", next: "The API server knows none of these" },
    { algs: ["HS256"], state: "bad", next: "signed with RS256" },
    { algs: ["RS256", "ES256"], state: "ok", next: "" },
    { algs: [], state: "ok", next: "" },
  ])("$algs", async ({ algs, state, next }) => {
    const { issuer, published } = await start();
    published.metadata["id_token_signing_alg_values_supported"] = algs;
    const found = (await examine({ issuer })).get("algorithms");
    expect(found?.state).toBe(state);
    expect(found?.next ?? "").toContain(next);
  });

  test("RS256 without a key for it", async () => {
    const { issuer, published } = await start();
    published.keys = published.keys.filter(({ kty }) => kty === "EC");
    expect((await examine({ issuer })).get("algorithms")?.found).toContain("no RSA key is published");
  });
});
