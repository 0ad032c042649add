import { decode, fallback, list, object, optional, string, boolean, type Decoder } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { httpUrl } from "../base/http-url.ts";
import { excerpt, parseQuietly, quoted, statusText } from "../base/quote.ts";
import { safeUrl, type Wire } from "./exchange.ts";
import { isBusy } from "./passing.ts";
import { issuerDifference } from "./issuer.ts";
import type { Metadata } from "./types.ts";

const texts = list(string);

const shape = object({
  issuer: string,
  authorization_endpoint: optional(string),
  token_endpoint: optional(string),
  jwks_uri: string,
  device_authorization_endpoint: optional(string),
  revocation_endpoint: optional(string),
  end_session_endpoint: optional(string),
  pushed_authorization_request_endpoint: optional(string),
  require_pushed_authorization_requests: fallback(boolean, false),
  id_token_signing_alg_values_supported: fallback(texts, []),
  code_challenge_methods_supported: optional(texts),
  // RFC 8414 §2: client_secret_basic where nothing is said.
  token_endpoint_auth_methods_supported: fallback(texts, ["client_secret_basic"]),
  grant_types_supported: optional(texts),
  scopes_supported: optional(texts),
  authorization_response_iss_parameter_supported: fallback(boolean, false),
}) satisfies Decoder<object>;

/** Where a provider describes itself (OpenID Connect Discovery 1.0 §4.1). @throws {KnownError} OIDC_PROVIDER_INVALID */
const discoveryUrl = (issuer: string, wire: Wire): URL => {
  const url = safeUrl(issuer, "the issuer", wire.reach);
  if (url.search !== "" || url.hash !== "")
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use the issuer ${quoted(issuer)}: it must have no query and no fragment`,
    );
  return safeUrl(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, "the issuer", wire.reach);
};

/**
 * Asks a provider what it is.
 * @throws {KnownError} OIDC_PROVIDER_INVALID: what answers is no provider, or not the one that was asked for; the network's
 */
export async function discover(issuer: string, wire: Wire, signal?: AbortSignal): Promise<Metadata> {
  const url = discoveryUrl(issuer, wire);
  const answer = await wire.send({ method: "GET", url, headers: [["Accept", "application/json"]] }, signal);
  if (answer.status !== 200)
    throw new KnownError(
      isBusy(answer.status) ? "OIDC_PROVIDER_BUSY" : "OIDC_PROVIDER_INVALID",
      `Cannot find the provider ${quoted(issuer)}: ${quoted(url.href)} answered ${statusText(answer.status)}`,
    );
  return readMetadata(issuer, answer.body, wire);
}

/** Judges a discovery document. @throws {KnownError} OIDC_PROVIDER_INVALID */
export const readMetadata = (issuer: string, body: string, wire: Wire): Metadata => {
  const document = parseQuietly(body);
  if (document === undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot read what the provider ${quoted(issuer)} says of itself: it is no JSON but ${quoted(excerpt(body, 60))}`,
    );
  const said = decode(shape, document, {
    what: `what the provider ${quoted(issuer)} says of itself`,
    code: "OIDC_PROVIDER_INVALID",
  });
  const difference = issuerDifference(issuer, said.issuer);
  if (difference !== undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use the provider ${quoted(issuer)}: it calls itself ${quoted(said.issuer)}`,
      { hint: `${difference}.` },
    );
  const endpoint = (text: string | undefined, name: string): string | undefined =>
    text === undefined || text === "" ? undefined : checked(text, name, said.issuer, wire);
  return {
    issuer: said.issuer,
    authorizationEndpoint: endpoint(said.authorization_endpoint, "authorization_endpoint"),
    tokenEndpoint: endpoint(said.token_endpoint, "token_endpoint"),
    jwksUri: checked(said.jwks_uri, "jwks_uri", said.issuer, wire),
    deviceEndpoint: endpoint(said.device_authorization_endpoint, "device_authorization_endpoint"),
    revocationEndpoint: endpoint(said.revocation_endpoint, "revocation_endpoint"),
    endSessionEndpoint: endpoint(said.end_session_endpoint, "end_session_endpoint"),
    parEndpoint: endpoint(
      said.pushed_authorization_request_endpoint,
      "pushed_authorization_request_endpoint",
    ),
    parRequired: said.require_pushed_authorization_requests,
    signingAlgorithms:
      said.id_token_signing_alg_values_supported.length === 0
        ? ["RS256"]
        : said.id_token_signing_alg_values_supported,
    challengeMethods: said.code_challenge_methods_supported,
    authMethods: said.token_endpoint_auth_methods_supported,
    grantTypes: said.grant_types_supported,
    scopes: said.scopes_supported,
    issuerInAnswers: said.authorization_response_iss_parameter_supported,
  };
};

const checked = (text: string, name: string, issuer: string, wire: Wire): string => {
  const { protocol } = safeUrl(text, `the provider's ${name}`, wire.reach);
  // This machine's own http is for a provider on it. One that stands behind a proxy and does not know its own name would
  // send a code and a secret to whoever listens here.
  if (protocol === "http:" && httpUrl(issuer)?.protocol === "https:" && wire.reach.allowHttp !== true)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use the provider's ${name} ${quoted(text)}: http shows tokens to others, and the issuer is at an https address`,
      { hint: "Whoever runs the provider has to tell it its https address." },
    );
  return text;
};
