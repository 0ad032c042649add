import { differs, overHttp, parserWords, refusedByServer } from "../differences.ts";
import type { ProviderScript } from "../identity-provider.ts";
import type { Fields, Json, Row } from "../row.ts";

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };

/** Nobody signed it, and nobody looks whether somebody did. */
const jwt = (claims: Json): string => {
  const part = (value: Json): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2ln`;
};
const GOOD = jwt({ sub: "good", exp: 4_000_000_000 });
const NEW = jwt({ sub: "new", exp: 4_000_000_000 });
const OLD = jwt({ sub: "old", exp: 1_000_000_000 });

const config: Fields = {
  "idp-issuer-url": "<idp>",
  "client-id": "kauth",
  "client-secret": "s&cret +",
  "idp-certificate-authority-data": "<ca>",
};
const oidc = (more: Fields): Fields => ({
  "auth-provider": { name: "oidc", config: { ...config, ...more } },
});

const DISCOVERY = "/.well-known/openid-configuration";
const provider = (
  ...answers: readonly { readonly status?: number; readonly body: unknown }[]
): ProviderScript => ({
  [DISCOVERY]: [{ body: { issuer: "https://somebody.else", token_endpoint: "<idp>/token" } }],
  "/token": answers,
});
const refreshed = { access_token: "access", id_token: NEW, token_type: "Bearer", expires_in: 60 };

const row = (name: string, more: Fields, rest: Partial<Row> = {}): Row => ({
  tries: "§3.1",
  name,
  user: oidc(more),
  ...rest,
});
const bad = (name: string, more: Fields, rest: Partial<Row> = {}): Row =>
  row(name, more, { rejected: true, ...rest });

const stale = { "id-token": OLD, "refresh-token": "r-1" };

const LINES = "Only changed lines of a kubeconfig are written";

/** The auth provider oidc (§3.1), against a provider that says what a test wants. */
export const PROVIDER_ROWS: readonly Row[] = [
  row("an ID token that is good", { "id-token": GOOD, "refresh-token": "r-1" }),
  row("an ID token that ends at a fraction", { "id-token": jwt({ exp: 4.0e9 + 0.5 }) }),
  bad("an ID token that has ended, and nothing to refresh", { "id-token": OLD }),
  bad("no ID token, and nothing to refresh", {}),
  bad("an ID token without an end", { "id-token": jwt({ sub: "x" }) }),
  bad("an ID token of two parts", { "id-token": "a.b", "refresh-token": "r-1" }),
  bad("an ID token whose claims are no JSON", { "id-token": "a.!!!!.c", "refresh-token": "r-1" }),
  bad(
    "an ID token whose end is a word",
    { "id-token": jwt({ exp: "soon" }), "refresh-token": "r-1" },
    { differs: parserWords("parsing claims: exp is no number") },
  ),
  row("refresh", stale, { provider: provider({ body: refreshed }) }),
  row("refresh, and a new refresh token", stale, {
    provider: provider({ body: { ...refreshed, refresh_token: "r-2" } }),
  }),
  row(
    "refresh without an ID token to begin with",
    { "refresh-token": "r-1" },
    { provider: provider({ body: refreshed }) },
  ),
  row(
    "refresh without a client secret",
    { ...stale, "client-secret": "" },
    { provider: provider({ body: refreshed }) },
  ),
  row(
    "keys that nobody knows stay",
    { ...stale, "extra-scopes": "a,b", mine: "kept" },
    { provider: provider({ body: refreshed }) },
  ),
  row("Basic is refused, the body is not", stale, {
    provider: provider({ status: 401, body: { error: "invalid_client" } }, { body: refreshed }),
  }),
  row(
    "a slash behind the issuer",
    { ...stale, "idp-issuer-url": "<idp>/" },
    { provider: provider({ body: refreshed }) },
  ),
  row(
    "an issuer with a path",
    { ...stale, "idp-issuer-url": "<idp>/realms/a" },
    {
      provider: {
        ...provider({ body: refreshed }),
        [`/realms/a${DISCOVERY}`]: [{ body: { token_endpoint: "<idp>/token" } }],
      },
    },
  ),
  bad("a refresh token that is refused", stale, {
    provider: provider({ status: 400, body: { error: "invalid_grant", error_description: "token expired" } }),
  }),
  bad("a token endpoint that is down", stale, { provider: provider({ status: 500, body: "oops" }) }),
  bad("an answer without an access token", stale, { provider: provider({ body: { id_token: NEW } }) }),
  bad("an answer without an ID token", stale, { provider: provider({ body: { access_token: "a" } }) }),
  bad("no discovery document", stale),
  bad("a discovery document that is none", stale, {
    provider: { [DISCOVERY]: [{ body: "<html>" }] },
    differs: parserWords(/^oidc: failed to decode provider discovery object: value must be an object/),
  }),
  bad("a discovery document without a token endpoint", stale, { provider: { [DISCOVERY]: [{ body: {} }] } }),
  row(
    "the authority in a file, relative to the working directory",
    {
      ...stale,
      "idp-certificate-authority-data": "",
      "idp-certificate-authority": "idp.pem",
    },
    { files: { "work/idp.pem": "<ca-pem>" }, provider: provider({ body: refreshed }) },
  ),
  bad("the authority in a file that is missing", {
    ...stale,
    "idp-certificate-authority-data": "",
    "idp-certificate-authority": "missing.pem",
  }),
  bad("an authority that is no base64", { ...stale, "idp-certificate-authority-data": "%" }),
  bad("an authority that is no PEM", { ...stale, "idp-certificate-authority-data": "bm9uZQ==" }),
  bad("nobody may write the kubeconfig: its lock is held", stale, {
    files: { "kube/config.lock": "" },
    provider: provider({ body: refreshed }),
    differs: differs("A kubeconfig that cannot be written", {
      provider: [`GET ${DISCOVERY} nobody`],
    }),
  }),
  row("of a list the file with the user is written", stale, {
    config: "none",
    files: {
      a: {
        "current-context": "work",
        contexts: [{ name: "work", context: { cluster: "prod", user: "alice" } }],
      },
      b: {
        users: [
          { name: "alice", user: oidc(stale) },
          { name: "bob", user: { token: "t" } },
        ],
      },
      c: { clusters: [{ name: "prod", cluster: trusted }] },
    },
    env: { KUBECONFIG: "<dir>/a:<dir>/b:<dir>/c" },
    provider: provider({ body: refreshed }),
  }),
  row("--kubeconfig is written", stale, {
    files: {
      other: {
        "current-context": "work",
        clusters: [{ name: "prod", cluster: trusted }],
        users: [{ name: "alice", user: oidc(stale) }],
        contexts: [{ name: "work", context: { cluster: "prod", user: "alice" } }],
      },
    },
    args: ["--kubeconfig", "<dir>/other"],
    provider: provider({ body: refreshed }),
  }),
  row("relative files of the same user", stale, {
    user: { ...oidc(stale), "client-certificate": "cert.pem", "client-key": "key.pem" },
    differs: differs(LINES, {
      written: {
        "kube/config": {
          users: [
            {
              user: {
                "client-certificate": "cert.pem",
                "client-key": "key.pem",
                "auth-provider": { config: { "id-token": NEW } },
              },
            },
          ],
        },
      },
    }),

    files: { "kube/cert.pem": "<cert-pem>", "kube/key.pem": "<key-pem>" },
    provider: provider({ body: refreshed }),
  }),
  bad(
    "401 refreshes nothing",
    { "id-token": GOOD, "refresh-token": "r-1" },
    {
      answers: [401],
      differs: refusedByServer(/does not accept your credential \(401 Unauthorized\)$/),
    },
  ),
  row("an ID token and impersonation", {}, { user: { ...oidc({ "id-token": GOOD }), as: "jane" } }),
  row(
    "a provider without a configuration beside a token",
    {},
    {
      user: { token: "t", "auth-provider": { name: "oidc", config: {} } },
      rejected: true,
      differs: differs("Auth providers that are not asked", {
        done: true,
        message: "",
        requests: [{ identity: ["authorization: Bearer t"] }],
      }),
    },
  ),
  row(
    "an unknown provider beside a token",
    {},
    {
      user: { token: "t", "auth-provider": { name: "nobody", config: {} } },
      rejected: true,
    },
  ),
  row(
    "over http it is not looked at",
    {},
    { cluster: { server: "<http>" }, user: { "auth-provider": { name: "nobody" } }, differs: overHttp },
  ),
];
