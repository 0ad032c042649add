import { at, json, text, tokens, type Bend } from "../bend.ts";
import { drip, gibibyte } from "./discovery.ts";
import type { Misbehaviour } from "./row.ts";

const token = (bend: Bend): Bend => at("/token", bend);

/** A code is good once, so that nothing sends it twice. */
const ONCE = { counts: { "/token": 1 } };

export const TOKEN_ROWS: readonly Misbehaviour[] = [
  ...[302, 307, 308].map((status): Misbehaviour => ({
    name: `token: a redirect (${status})`,
    bend: token((_heard, { issuer }) => ({ status, headers: { location: `${issuer}/elsewhere` }, body: "" })),
    counts: { "/token": 1, "/elsewhere": 0 },
    kubelogin: "Go follows redirects, and repeats the code with 307",
  })),
  {
    name: "token: invalid_grant",
    bend: token(() => json(400, { error: "invalid_grant", error_description: "the code is not known" })),
    code: "OIDC_GRANT_REFUSED",
    ...ONCE,
  },
  {
    name: "token: invalid_client",
    bend: token(() => json(401, { error: "invalid_client" })),
    code: "OIDC_CLIENT_REFUSED",
    ...ONCE,
  },
  {
    name: "token: an error with status 200",
    bend: token(() => json(200, { error: "invalid_grant" })),
    code: "OIDC_GRANT_REFUSED",
    ...ONCE,
  },
  {
    name: "token: the error repeats the code and the verifier",
    bend: token(({ form }) =>
      json(400, {
        error: "invalid_grant",
        error_description: `no such code: ${form.get("code")} ${form.get("code_verifier")}`,
      }),
    ),
    code: "OIDC_GRANT_REFUSED",
    kubelogin: "prints the provider's answer",
  },
  { name: "token: 500", bend: token(() => json(500, { error: "server_error" })), code: "OIDC_PROVIDER_BUSY" },
  {
    name: "token: 503 with an HTML page",
    bend: token(() => text(503, "<html><body>down</body></html>")),
    code: "OIDC_PROVIDER_BUSY",
  },
  {
    name: "token: 429",
    bend: token(() => ({
      ...json(429, {}),
      headers: { "content-type": "application/json", "retry-after": "3600" },
    })),
    code: "OIDC_PROVIDER_BUSY",
  },
  {
    name: "token: an HTML page with status 200",
    bend: token(() => text(200, "<html></html>")),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "token: no access token",
    bend: tokens(({ access_token: _none, ...rest }) => rest),
    code: "OIDC_PROVIDER_INVALID",
  },
  { name: "token: null", bend: token(() => json(200, null)), code: "OIDC_PROVIDER_INVALID" },
  {
    name: "token: 1 GiB",
    bend: token(() => ({ status: 200, headers: { "content-type": "application/json" }, body: gibibyte() })),
    code: "ANSWER_TOO_LARGE",
    ...ONCE,
  },
  {
    name: "token: one byte each 100 ms",
    bend: token(() => ({ status: 200, headers: { "content-type": "application/json" }, body: drip() })),
    code: "CONNECTION_TIMEOUT",
    kubelogin: "waits without a limit",
    ...ONCE,
  },
  {
    name: "token: never answers",
    bend: token(() => "silence"),
    code: "CONNECTION_TIMEOUT",
    kubelogin: "waits without a limit",
    ...ONCE,
  },
  { name: "token: the connection is cut", bend: token(() => "cut"), code: "CONNECTION_LOST", ...ONCE },
  {
    name: "token: a form in place of JSON is read",
    bend: token(async (_heard, { pass }) => {
      const answered = await pass();
      const fields = JSON.parse(answered.body) as Record<string, string>;
      return text(200, new URLSearchParams(fields).toString(), "application/x-www-form-urlencoded");
    }),
    outcome: "served",
    ...ONCE,
  },
  {
    name: "token: expires_in as text is read",
    bend: tokens((fields) => ({ ...fields, expires_in: "3600" })),
    outcome: "served",
  },
  {
    name: "token: more fields than are known",
    bend: tokens((fields) => ({ ...fields, extra: { deep: [1, 2] }, not_before_policy: 0 })),
    outcome: "served",
  },
];
