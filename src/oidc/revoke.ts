import * as oauth from "oauth4webapi";
import { withoutEcho } from "../base/echo.ts";
import { KnownError } from "../base/errors.ts";
import { excerpt, quoted, statusText } from "../base/quote.ts";
import type { Secret } from "../base/secret.ts";
import { authentication, namesOf, options, type Party } from "./party.ts";
import { isBusy } from "./passing.ts";

/**
 * Takes a token back at the provider (RFC 7009). One that it does not know counts as taken back (§2.2).
 * @throws {KnownError} OIDC_PROVIDER_INVALID: it cannot; OIDC_PROVIDER_BUSY, OIDC_CLIENT_REFUSED, the network's
 */
export const revokeToken = async (
  party: Party,
  token: Secret,
  kind: "refresh_token" | "access_token",
): Promise<void> => {
  const { metadata } = party;
  const { as, client } = namesOf(party);
  const endpoint = metadata.revocationEndpoint;
  if (endpoint === undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot take a token back: ${quoted(metadata.issuer)} names no revocation_endpoint`,
    );
  const secret = token.reveal();
  const response = await oauth.revocationRequest(
    { ...as, revocation_endpoint: endpoint },
    client,
    await authentication(party),
    secret,
    { ...options(party), additionalParameters: { token_type_hint: kind } },
  );
  if (response.status === 200) return;
  const body = withoutEcho(await response.text(), [secret, party.client.clientSecret?.reveal() ?? ""]);
  throw new KnownError(
    isBusy(response.status) ? "OIDC_PROVIDER_BUSY" : "OIDC_CLIENT_REFUSED",
    `Cannot take a token back: the provider answered ${statusText(response.status)}: ${quoted(excerpt(body, 200))}`,
  );
};
