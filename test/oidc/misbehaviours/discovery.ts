import { at, DISCOVERY, json, metadata, text, type Bend } from "../bend.ts";
import type { Misbehaviour } from "./row.ts";

const discovery = (bend: Bend): Bend => at(DISCOVERY, bend);

const endless = async function* endless(
  piece: Buffer,
  pieces: number,
  pause: number,
): AsyncGenerator<Buffer> {
  for (let turn = 0; turn < pieces; turn++) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    yield piece;
  }
};

const MIB = 1024 * 1024;

/** 1 GiB, of which no honest reader takes more than its limit. */
export const gibibyte = (): AsyncGenerator<Buffer> => endless(Buffer.alloc(MIB, " "), 1024, 0);
/** One byte each 100 ms for two minutes. */
export const drip = (): AsyncGenerator<Buffer> => endless(Buffer.from(" "), 1200, 100);

export const DISCOVERY_ROWS: readonly Misbehaviour[] = [
  { name: "discovery: 404", bend: discovery(() => text(404, "not here")), code: "OIDC_PROVIDER_INVALID" },
  {
    name: "discovery: an HTML page with status 200",
    bend: discovery(() => text(200, "<!DOCTYPE html><html><title>Sign in</title></html>")),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "discovery: 500",
    bend: discovery(() => json(500, { error: "server_error" })),
    code: "OIDC_PROVIDER_BUSY",
  },
  {
    name: "discovery: the issuer with another slash at the end",
    bend: metadata((fields, issuer) => ({ ...fields, issuer: `${issuer}/` })),
    code: "OIDC_PROVIDER_INVALID",
    says: "/",
  },
  {
    name: "discovery: the issuer with another scheme",
    bend: metadata((fields, issuer) => ({ ...fields, issuer: issuer.replace("http:", "https:") })),
    code: "OIDC_PROVIDER_INVALID",
    says: "https",
  },
  {
    name: "discovery: another issuer altogether",
    bend: metadata((fields) => ({ ...fields, issuer: "https://attacker.example" })),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "discovery: no issuer",
    bend: metadata(({ issuer: _none, ...rest }) => rest),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "discovery: no authorization endpoint",
    bend: metadata(({ authorization_endpoint: _none, ...rest }) => rest),
    code: "OIDC_PROVIDER_INVALID",
    args: ["--authentication-timeout-sec=3"],
  },
  {
    name: "discovery: no token endpoint",
    bend: metadata(({ token_endpoint: _none, ...rest }) => rest),
    code: "OIDC_PROVIDER_INVALID",
    args: ["--authentication-timeout-sec=20"],
  },
  {
    name: "discovery: plain http endpoints elsewhere",
    bend: metadata((fields) => ({ ...fields, token_endpoint: "http://provider.example/token" })),
    code: "OIDC_PROVIDER_INVALID",
    kubelogin: "sends the code to whatever the metadata names",
  },
  ...["javascript:alert(1)", "file:///etc/passwd", "http://provider.example/auth"].map(
    (url): Misbehaviour => ({
      name: `discovery: an authorization endpoint that nobody should open: ${url}`,
      bend: metadata((fields) => ({ ...fields, authorization_endpoint: url })),
      code: "OIDC_PROVIDER_INVALID",
      opened: 0,
      kubelogin: "opens whatever it is",
    }),
  ),
  {
    name: "discovery: a redirect",
    bend: discovery((_heard, { issuer }) => ({
      status: 302,
      headers: { location: `${issuer}/elsewhere` },
      body: "",
    })),
    code: "OIDC_PROVIDER_INVALID",
    counts: { "/elsewhere": 0 },
    kubelogin: "Go follows redirects",
  },
  {
    name: "discovery: an array",
    bend: discovery(() => json(200, [])),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "discovery: JSON that ends too early",
    bend: discovery((_heard, { issuer }) =>
      text(200, `{"issuer":"${issuer}","jwks_uri":`, "application/json"),
    ),
    code: "OIDC_PROVIDER_INVALID",
  },
  {
    name: "discovery: 1 GiB",
    bend: discovery(() => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: gibibyte(),
    })),
    code: "ANSWER_TOO_LARGE",
    kubelogin: "reads it all",
  },
  {
    name: "discovery: one byte each 100 ms",
    bend: discovery(() => ({ status: 200, headers: { "content-type": "application/json" }, body: drip() })),
    code: "CONNECTION_TIMEOUT",
    kubelogin: "waits without a limit",
  },
  {
    name: "discovery: the connection is cut",
    bend: discovery(() => "cut"),
    code: "CONNECTION_LOST",
  },
  {
    name: "discovery: never answers",
    bend: discovery(() => "silence"),
    code: "CONNECTION_TIMEOUT",
    kubelogin: "waits without a limit",
  },
  {
    name: "discovery: methods of PKCE without S256",
    bend: metadata((fields) => ({ ...fields, code_challenge_methods_supported: ["plain"] })),
    code: "OIDC_PKCE_REFUSED",
    counts: { "/auth": 0 },
    kubelogin: "uses none",
  },
];
