import { afterEach, describe, expect, test } from "vitest";
import { CLIENT, fakeProvider, type FakeProvider, type Reply } from "../../../../test/openid-scene.ts";
import { optionsFor, recorded } from "../../../../test/recorded.ts";
import { Secret } from "../../../base/secret.ts";
import type { System } from "../../../base/system.ts";
import { openWire } from "../../../oidc/index.ts";
import type { Check } from "../../doctor/check.ts";
import { runChecks } from "../../doctor/check.ts";
import type { Finding } from "../../doctor/finding.ts";
import { versionCommand } from "../../commands/version.ts";
import { clientCheck, grantsCheck, offlineCheck, pkceCheck, redirectCheck, scopesCheck } from "./client.ts";
import { browserCheck, listenCheck } from "./machine.ts";
import { algorithmsCheck, clockCheck, discoveryCheck, keysCheck, settingsCheck } from "./provider.ts";
import type { Examined, OidcLearned, OidcScene } from "./scene.ts";

let provider: FakeProvider | undefined;
afterEach(async () => {
  await provider?.[Symbol.asyncDispose]();
  provider = undefined;
});

const start = async (
  script: Parameters<typeof fakeProvider>[0] = () => ({ status: 400, body: { error: "invalid_grant" } }),
): Promise<FakeProvider> => (provider = await fakeProvider(script));

const CHECKS: readonly Check<OidcScene, OidcLearned>[] = [
  settingsCheck,
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

const examine = async (
  wishes: Partial<Examined> & { readonly issuer: string },
  checks = CHECKS,
  change: Partial<System> = {},
): Promise<ReadonlyMap<string, Finding>> => {
  await using under = await recorded();
  const system = { ...under.system(), ...change };
  const { signal } = new AbortController();
  const examined: Examined = {
    clientId: CLIENT,
    clientSecret: undefined,
    redirectUrl: undefined,
    scopes: [],
    pkce: "auto",
    grant: "auto",
    ports: [8000, 18000],
    extra: new Map(),
    hasOwnAuthorities: false,
    from: "the command line",
    ...wishes,
  };
  const invocation = {
    system,
    options: optionsFor(versionCommand),
    positionals: [],
    program: "kauth",
    signal,
  };
  const wire = openWire({}, system);
  const report = await runChecks(
    checks,
    { invocation, system, signal, examined, wire, blindWire: openWire({ verify: false }, system) },
    () => undefined,
  );
  return new Map(report.findings.map((finding) => [finding.id, finding]));
};

/** As a provider answers an authorization request that nobody can answer. */
const knows =
  (more: Readonly<Record<string, string>> = {}): Parameters<typeof fakeProvider>[0] =>
  ({ path, query }): Reply => {
    if (path !== "/auth") return { status: 400, body: { error: "invalid_grant" } };
    const url = new URL(query["redirect_uri"] ?? "");
    for (const [name, value] of Object.entries({ error: "login_required", ...more }))
      url.searchParams.set(name, value);
    return { status: 302, headers: { Location: url.href } };
  };

describe("a provider as it should be", () => {
  test("each thing is well", async () => {
    const { issuer, published } = await start(knows());
    published.metadata["scopes_supported"] = ["openid", "offline_access", "email"];
    published.metadata["grant_types_supported"] = ["authorization_code", "refresh_token"];
    const found = await examine({ issuer, scopes: ["email", "offline_access"] });
    expect([...found.values()].filter(({ state }) => state !== "ok")).toEqual([]);
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

describe("PKCE", () => {
  test.each([
    { methods: ["plain"], pkce: "auto", state: "bad" },
    { methods: ["plain"], pkce: "S256", state: "warning" },
    { methods: undefined, pkce: "auto", state: "ok" },
    { methods: ["S256"], pkce: "no", state: "warning" },
  ] as const)("$methods with $pkce", async ({ methods, pkce, state }) => {
    const { issuer, published } = await start();
    published.metadata["code_challenge_methods_supported"] = methods;
    expect((await examine({ issuer, pkce })).get("pkce")?.state).toBe(state);
  });
});

describe("grants", () => {
  test.each([
    {
      grant: "device-code",
      without: "device_authorization_endpoint",
      state: "bad",
      says: "it has no device",
    },
    { grant: "authcode", without: "authorization_endpoint", state: "bad", says: "has no authorization_endp" },
    { grant: "password", without: "", state: "warning", says: "does not offer password" },
    { grant: "client-credentials", without: "", state: "warning", says: "does not offer client-credentials" },
    { grant: "device-code", without: "", state: "ok", says: "offers authcode, device-code" },
  ])("$grant without $without", async ({ grant, without, state, says }) => {
    const { issuer, published } = await start();
    delete published.metadata[without];
    const found = (await examine({ issuer, grant }, [discoveryCheck, grantsCheck])).get("grants");
    expect(found?.state).toBe(state);
    expect(found?.found).toContain(says);
  });
});

describe("what outlives the first token", () => {
  const google = { issuer: "https://accounts.google.com" };
  test.each([
    { scopes: ["offline_access"], metadata: {}, state: "ok" },
    { scopes: ["offline_access"], metadata: { scopes_supported: ["openid"] }, state: "warning" },
    { scopes: [], metadata: { scopes_supported: ["openid", "offline_access"] }, state: "warning" },
    { scopes: [], metadata: { scopes_supported: ["openid"] }, state: "ok" },
    { scopes: [], metadata: { grant_types_supported: ["authorization_code"] }, state: "warning" },
  ])("$scopes $metadata", async ({ scopes, metadata, state }) => {
    const { issuer, published } = await start();
    Object.assign(published.metadata, metadata);
    expect((await examine({ issuer, scopes }, [discoveryCheck, offlineCheck])).get("offline")?.state).toBe(
      state,
    );
  });

  test.each([
    { scopes: ["offline_access"], state: "bad" },
    { scopes: [], state: "ok" },
  ])("at Google, with $scopes", async ({ scopes, state }) => {
    const { offlineNote } = await import("./client.ts");
    const examined = { ...google, scopes, extra: new Map() } as unknown as Examined;
    const metadata = { grantTypes: undefined, scopes: undefined } as Parameters<typeof offlineNote>[1];
    expect(offlineNote(examined, metadata).state).toBe(state);
  });
});

describe("the client", () => {
  test.each([
    { error: "invalid_client", state: "bad", next: "Check the client ID" },
    { error: "unauthorized_client", state: "warning", next: "Allow the grant refresh_token" },
    { error: "unsupported_grant_type", state: "warning", next: "Allow the grant refresh_token" },
    { error: "invalid_request", state: "warning", next: "" },
    { error: "invalid_grant", state: "ok", next: "" },
  ])("$error", async ({ error, state, next }) => {
    const { issuer, heard } = await start(() => ({ status: 400, body: { error } }));
    const found = (await examine({ issuer }, [discoveryCheck, clientCheck])).get("client");
    expect(found?.state).toBe(state);
    expect(found?.next ?? "").toContain(next);
    // Nothing that is somebody's is sent to find out.
    expect(heard.find(({ path }) => path === "/token")?.form).toEqual({
      client_id: CLIENT,
      grant_type: "refresh_token",
      refresh_token: "kauth-doctor-asks-with-no-token",
    });
  });

  test("Microsoft's refusal of a single-page application", async () => {
    const { issuer } = await start(() => ({
      status: 400,
      body: { error: "invalid_request", error_description: "AADSTS9002327: Tokens issued for the…" },
    }));
    const found = (await examine({ issuer }, [discoveryCheck, clientCheck])).get("client");
    expect(found?.next).toContain("Mobile and desktop applications");
  });

  test("its secret is in no finding", async () => {
    const secret = "canary-client-secret";
    const { issuer } = await start(({ form, headers }) => ({
      status: 401,
      body: {
        error: "invalid_client",
        error_description: `${form["client_secret"]} ${headers.authorization}`,
      },
    }));
    const found = await examine({ issuer, clientSecret: new Secret(secret) });
    expect(found.get("client")?.state).toBe("bad");
    expect(JSON.stringify([...found])).not.toContain(secret);
  });
});

describe("the redirect URI", () => {
  test("an unknown one is quoted, and how to register it", async () => {
    const { issuer } = await start(({ path }) =>
      path === "/auth"
        ? { status: 400, body: "<html><style>p{}</style><p>Invalid parameter: redirect_uri</p></html>" }
        : { status: 400, body: { error: "invalid_grant" } },
    );
    const found = (await examine({ issuer, redirectUrl: "http://localhost:9/cb" })).get("redirect");
    expect(found?.state).toBe("bad");
    expect(found?.found).toContain('400 Bad Request: "Invalid parameter: redirect_uri"');
    expect(found?.next).toContain("Register http://localhost:9/cb for client kubernetes, exactly so");
  });

  test("one that only the first port has", async () => {
    const known = knows();
    const { issuer } = await start((heard, response) =>
      heard.query["redirect_uri"] === "http://localhost:18000"
        ? { status: 400, body: "redirect_uri" }
        : (known?.(heard, response) ?? {}),
    );
    const found = (await examine({ issuer })).get("redirect");
    expect(found?.state).toBe("ok");
    expect(found?.found).toContain("register http://localhost:18000 too");
  });

  test.each([
    {
      more: { error: "invalid_scope", error_description: "no email" },
      state: "bad",
      says: "Leave the scope out",
    },
    { more: { error: "unauthorized_client" }, state: "bad", says: "Allow the authorization code flow" },
    { more: { iss: "https://other.example" }, state: "bad", says: "RFC 9207" },
  ])("$more", async ({ more, state, says }) => {
    const { issuer } = await start(knows(more));
    const found = (await examine({ issuer, ports: [8000] })).get("redirect");
    expect(found?.state).toBe(state);
    expect(found?.next).toContain(says);
  });

  test("a promised issuer that does not come", async () => {
    const { issuer, published } = await start(knows());
    published.metadata["authorization_response_iss_parameter_supported"] = true;
    expect((await examine({ issuer, ports: [8000] })).get("redirect")?.found).toContain("and does not");
  });

  test("a client that the provider does not know", async () => {
    const { issuer } = await start(() => ({ status: 400, body: "invalid_client: client not found" }));
    expect((await examine({ issuer, ports: [8000] })).get("redirect")?.next).toContain("Check the client ID");
  });

  test("a login page is as good as an answer", async () => {
    const { issuer } = await start(({ path }) =>
      path === "/auth" ? { status: 302, headers: { Location: "/login" } } : { status: 400 },
    );
    expect((await examine({ issuer, ports: [8000] })).get("redirect")?.state).toBe("ok");
  });
});

describe("this machine", () => {
  test("a port that is taken, with its owner", async () => {
    const { issuer } = await start();
    const port = Number(new URL(issuer).port);
    const found = await examine({ issuer, ports: [port] }, [listenCheck]);
    expect(found.get("listen")?.state).toBe("bad");
    expect(found.get("listen")?.found).toContain(`127.0.0.1:${port} belongs to`);
    const other = await examine({ issuer, ports: [port, 0] }, [listenCheck]);
    expect(other.get("listen")?.state).toBe("warning");
    expect((await examine({ issuer, ports: [0] }, [listenCheck])).get("listen")?.state).toBe("ok");
  });

  test("no browser", async () => {
    const none = await examine({ issuer: "http://x" }, [browserCheck], { env: {}, platform: "linux" });
    expect(none.get("browser")?.state).toBe("warning");
    const one = await examine({ issuer: "http://x" }, [browserCheck], { env: {}, platform: "darwin" });
    expect(one.get("browser")?.state).toBe("ok");
    expect(await examine({ issuer: "http://x", grant: "password" }, [browserCheck, listenCheck])).toEqual(
      new Map(),
    );
  });
});
