import { at, json, refreshed, text, claims, type Bend } from "../bend.ts";
import { drip } from "./discovery.ts";

/** What goes wrong when a token is refreshed. */
export interface RefreshRow {
  readonly name: string;
  readonly bend: Bend;
  /** `login`: the sign-in is done anew, in the browser. `failed`: exit 1 without a browser. `served`: a fresh token. */
  readonly outcome: "login" | "failed" | "served";
  readonly code?: string;
  readonly kubelogin?: string;
}

const refresh = (bend: Bend): Bend =>
  at("/token", async (heard, bending) =>
    heard.form.get("grant_type") === "refresh_token" ? await bend(heard, bending) : await bending.pass(),
  );

const OPENS = "takes every failure for a reason to open a browser";
const now = (): number => Math.floor(Date.now() / 1000);

const onRefresh = (change: Parameters<typeof claims>[0]): Bend => refresh(claims(change));

export const REFRESH_ROWS: readonly RefreshRow[] = [
  { name: "invalid_grant", bend: refresh(() => json(400, { error: "invalid_grant" })), outcome: "login" },
  {
    name: "invalid_grant in a 200",
    bend: refresh(() => json(200, { error: "invalid_grant" })),
    outcome: "login",
  },
  {
    name: "500",
    bend: refresh(() => json(500, { error: "server_error" })),
    outcome: "failed",
    code: "OIDC_PROVIDER_BUSY",
    kubelogin: OPENS,
  },
  {
    name: "503 with an HTML page",
    bend: refresh(() => text(503, "<html></html>")),
    outcome: "failed",
    code: "OIDC_PROVIDER_BUSY",
    kubelogin: OPENS,
  },
  {
    name: "429",
    bend: refresh(() => json(429, {})),
    outcome: "failed",
    code: "OIDC_PROVIDER_BUSY",
    kubelogin: OPENS,
  },
  {
    name: "never answers",
    bend: refresh(() => "silence"),
    outcome: "failed",
    code: "CONNECTION_TIMEOUT",
    kubelogin: OPENS,
  },
  {
    name: "one byte each 100 ms",
    bend: refresh(() => ({ status: 200, headers: { "content-type": "application/json" }, body: drip() })),
    outcome: "failed",
    code: "CONNECTION_TIMEOUT",
    kubelogin: OPENS,
  },
  {
    name: "the connection is cut",
    bend: refresh(() => "cut"),
    outcome: "failed",
    code: "CONNECTION_LOST",
    kubelogin: OPENS,
  },
  {
    name: "another person's token",
    bend: onRefresh(() => ({ sub: "mallory" })),
    outcome: "failed",
    code: "OIDC_TOKEN_INVALID",
    kubelogin: "does not compare",
  },
  {
    name: "another client's token",
    bend: onRefresh(() => ({ aud: "another-client" })),
    outcome: "failed",
    code: "OIDC_TOKEN_INVALID",
    kubelogin: OPENS,
  },
  {
    name: "a token that is over",
    bend: onRefresh(() => ({ iat: now() - 7200, exp: now() - 3600 })),
    outcome: "failed",
    code: "OIDC_TOKEN_INVALID",
    kubelogin: OPENS,
  },
  { name: "no ID token", bend: refreshed(({ id_token: _none, ...rest }) => rest), outcome: "login" },
  {
    name: "no refresh token",
    bend: refreshed(({ refresh_token: _none, ...rest }) => rest),
    outcome: "served",
  },
  {
    name: "a nonce that nobody asked for again",
    bend: onRefresh(({ nonce: _none, ...rest }) => rest),
    outcome: "served",
  },
];
