import * as oauth from "oauth4webapi";
import { DecodeError, object, string } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { excerpt, parseQuietly, quoted, statusText } from "../base/quote.ts";
import type { Authorization } from "./authorization.ts";
import { isBusy } from "./passing.ts";
import { authentication, namesOf, options, type Party } from "./party.ts";

const shape = object({ request_uri: string });

/**
 * Hands the request to the provider beforehand, where it offers that, so that the browser carries a name of it only
 * (RFC 9126). One that offers it and does not want it from this client gets the request by the browser.
 * @throws {KnownError} OIDC_CLIENT_REFUSED, OIDC_PROVIDER_BUSY, OIDC_PROVIDER_INVALID, the network's
 */
export async function pushed(party: Party, authorization: Authorization): Promise<Authorization> {
  const { metadata, system } = party;
  if (metadata.parEndpoint === undefined) {
    if (!metadata.parRequired) return authorization;
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot sign in at ${quoted(metadata.issuer)}: it wants requests pushed to it and names no pushed_authorization_request_endpoint`,
    );
  }
  const { as, client } = namesOf(party);
  const { url } = authorization;
  const parameters = new URLSearchParams(url.search);
  parameters.delete("client_id");
  const response = await oauth.pushedAuthorizationRequest(
    as,
    client,
    await authentication(party),
    parameters,
    options(party),
  );
  const body = await response.text();
  if (response.status !== 201 && response.status !== 200) {
    if (isBusy(response.status))
      throw new KnownError(
        "OIDC_PROVIDER_BUSY",
        `Cannot push the request: the provider answered ${statusText(response.status)}`,
      );
    const what = `the provider does not take a pushed request: ${statusText(response.status)} ${quoted(excerpt(body, 200))}`;
    if (metadata.parRequired) throw new KnownError("OIDC_CLIENT_REFUSED", `Cannot sign in: ${what}`);
    system.log.verbose(1, `${what}; the browser carries it`);
    return authorization;
  }
  try {
    const named = new URL(url);
    named.search = "";
    named.searchParams.set("client_id", client.client_id);
    named.searchParams.set("request_uri", shape(parseQuietly(body), "").request_uri);
    return { ...authorization, url: named };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot read the provider's answer to a pushed request: ${error.message}`,
    );
  }
}
