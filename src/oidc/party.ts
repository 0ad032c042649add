import * as oauth from "oauth4webapi";
import { KnownError } from "../base/errors.ts";
import { quoted } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import { clientKeyOf } from "./client-key.ts";
import { wireFetch, type Wire } from "./exchange.ts";
import type { ClientWishes, Metadata } from "./types.ts";

/** Who asks whom. */
export interface Party {
  readonly metadata: Metadata;
  readonly client: Pick<ClientWishes, "clientId" | "clientSecret" | "clientAssertion" | "clientKey">;
  readonly wire: Wire;
  readonly system: System;
  readonly signal?: AbortSignal;
}

/** Both as the library wants them. */
export interface Names {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
}

/** @throws {KnownError} OIDC_PROVIDER_INVALID: there is no token endpoint */
export const namesOf = ({ metadata, client }: Party): Names => {
  if (metadata.tokenEndpoint === undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot get a token from ${quoted(metadata.issuer)}: it names no token_endpoint`,
    );
  return {
    as: {
      issuer: metadata.issuer,
      token_endpoint: metadata.tokenEndpoint,
      ...(metadata.parEndpoint === undefined
        ? {}
        : { pushed_authorization_request_endpoint: metadata.parEndpoint }),
      ...(metadata.deviceEndpoint === undefined
        ? {}
        : { device_authorization_endpoint: metadata.deviceEndpoint }),
      authorization_response_iss_parameter_supported: metadata.issuerInAnswers,
    },
    client: { client_id: client.clientId },
  };
};

/** RFC 7523 §2.2. */
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * How the client shows who it is, once: what is good once is not sent twice to find out what the provider takes (oidc.md
 * §1.10). An assertion or a key goes before a secret. For a secret, what the provider says that it takes, and Basic where
 * it says neither, as RFC 8414 §2 has it.
 * @throws what the source of an assertion throws; USAGE for a key that is none
 */
export const authentication = async ({ metadata, client, signal }: Party): Promise<oauth.ClientAuth> => {
  if (client.clientAssertion !== undefined) {
    const assertion = await client.clientAssertion({ issuer: metadata.issuer, signal });
    return (_as, { client_id: id }, body) => {
      body.set("client_id", id);
      body.set("client_assertion_type", ASSERTION_TYPE);
      body.set("client_assertion", assertion.reveal());
    };
  }
  if (client.clientKey !== undefined) return oauth.PrivateKeyJwt(await clientKeyOf(client.clientKey));
  const secret = client.clientSecret?.reveal() ?? "";
  if (secret === "") return oauth.None();
  const inForm =
    !metadata.authMethods.includes("client_secret_basic") &&
    metadata.authMethods.includes("client_secret_post");
  return inForm ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
};

/** The addresses were judged when they were read (`safeUrl`), so the library need not. */
export const options = ({ wire, signal }: Party): oauth.TokenEndpointRequestOptions => ({
  [oauth.customFetch]: wireFetch(wire),
  [oauth.allowInsecureRequests]: true,
  ...(signal === undefined ? {} : { signal }),
});
