import { describe, expect, test } from "vitest";
import { keepForTest } from "../../../../test/keep.ts";
import { examinerOf, knows, refuses } from "../../../../test/oidc-doctor-scene.ts";
import { CLIENT, fakeProvider, type FakeProvider } from "../../../../test/openid-scene.ts";
import { Secret } from "../../../base/secret.ts";
import { clientCheck, grantsCheck, pkceCheck, redirectCheck } from "./client.ts";
import { offlineCheck, offlineNote } from "./offline.ts";
import { discoveryCheck } from "./provider.ts";

const keep = keepForTest();
const start = async (script = refuses): Promise<FakeProvider> => keep(await fakeProvider(script));

const CHECKS = [discoveryCheck, pkceCheck, clientCheck, redirectCheck];

const examine = examinerOf(CHECKS);

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
  ])("at Google, with $scopes", ({ scopes, state }) => {
    const metadata = { grantTypes: undefined, scopes: undefined };
    expect(offlineNote({ ...google, scopes, extra: new Map() }, metadata).state).toBe(state);
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
