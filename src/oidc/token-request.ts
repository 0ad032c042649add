import * as oauth from "oauth4webapi";
import { KnownError } from "../base/errors.ts";
import { excerpt } from "../base/quote.ts";
import type { Secret } from "../base/secret.ts";
import { scopeText, type Authorization } from "./authorization.ts";
import { authentication, namesOf, options, type Party } from "./party.ts";
import { isRefusal, readTokenAnswer, refusedError, type Refusal } from "./token-answer.ts";
import type { Tokens } from "./types.ts";

export type { Party };

/**
 * Exchanges the code of a sign-in. It is sent once, whatever comes (RFC 6749 §4.1.2).
 * @param parameters of the answer; `state`, `iss` (RFC 9207) and `error` are judged here
 * @throws {KnownError} OIDC_LOGIN_REFUSED, OIDC_GRANT_REFUSED, OIDC_CLIENT_REFUSED, OIDC_PROVIDER_*, the network's
 */
export async function redeemCode(
  party: Party,
  { redirectUri, state, verifier }: Authorization,
  parameters: URLSearchParams,
): Promise<Tokens> {
  const { as, client } = namesOf(party);
  const checked = judgeAnswer(as, client, parameters, state);
  const code = checked.get("code") ?? "";
  if (code === "")
    throw new KnownError(
      "OIDC_LOGIN_REFUSED",
      "Cannot use the answer of the sign-in: it has neither a code nor an error",
    );
  return await tokensOf(
    party,
    [code, verifier?.reveal() ?? ""],
    oauth.authorizationCodeGrantRequest(
      as,
      client,
      await authentication(party),
      checked,
      redirectUri,
      verifier?.reveal() ?? oauth.nopkce,
      options(party),
    ),
  );
}

/** @throws as `redeemCode`; `isPassing` tells whether the refresh token may be as good as before */
export const refreshTokens = async (party: Party, refreshToken: Secret): Promise<Tokens> => {
  const { as, client } = namesOf(party);
  const secret = refreshToken.reveal();
  const tokens = await tokensOf(
    party,
    [secret],
    oauth.refreshTokenGrantRequest(as, client, await authentication(party), secret, options(party)),
  );
  // RFC 6749 §6: without a new one the old one stays.
  return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
};

/** For old providers: whoever can, lets the provider ask for the password (RFC 9700 §2.4). */
export const passwordTokens = async (
  party: Party,
  { username, password }: { readonly username: string; readonly password: Secret },
  scopes: readonly string[],
): Promise<Tokens> =>
  await generic(party, "password", { username, password: password.reveal(), scope: scopeText(scopes) }, [
    password.reveal(),
  ]);

export const clientTokens = async (
  party: Party,
  scopes: readonly string[],
  extra: ReadonlyMap<string, string> = new Map(),
): Promise<Tokens> =>
  await generic(party, "client_credentials", { scope: scopeText(scopes), ...Object.fromEntries(extra) }, [
    ...extra.values(),
  ]);

/** One question about a device code; a refusal may mean that it is too early. */
export const askDevice = async (party: Party, deviceCode: Secret): Promise<Tokens | Refusal> => {
  const { as, client } = namesOf(party);
  const secret = deviceCode.reveal();
  return await answerOf(
    party,
    [secret],
    oauth.deviceCodeGrantRequest(as, client, await authentication(party), secret, options(party)),
  );
};

/** Any grant that gives tokens for a form. */
export const generic = async (
  party: Party,
  grant: string,
  form: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Promise<Tokens> => {
  const { as, client } = namesOf(party);
  return await tokensOf(
    party,
    secrets,
    oauth.genericTokenEndpointRequest(
      as,
      client,
      await authentication(party),
      grant,
      { ...form },
      options(party),
    ),
  );
};

const tokensOf = async (
  party: Party,
  secrets: readonly string[],
  work: Promise<Response>,
): Promise<Tokens> => {
  const answer = await answerOf(party, secrets, work);
  if (isRefusal(answer)) throw refusedError(answer);
  return answer;
};

/** What an endpoint that gives tokens has answered. */
const answerOf = async (
  { client, system }: Party,
  secrets: readonly string[],
  work: Promise<Response>,
): Promise<Tokens | Refusal> => {
  const response = await work;
  const media = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const own = client.clientSecret?.reveal() ?? "";
  const raw = { status: response.status, media, body: await response.text() };
  return readTokenAnswer(raw, [...secrets, own], system.now());
};

const judgeAnswer = (
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  parameters: URLSearchParams,
  state: Secret,
): URLSearchParams => {
  try {
    return oauth.validateAuthResponse(as, client, parameters, state.reveal());
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError)
      // kubelogin's words (oidc.md §1.7).
      throw new KnownError(
        "OIDC_LOGIN_REFUSED",
        `authorization error from server: ${excerpt(`${error.error} ${error.error_description ?? ""}`.trim())}`,
      );
    if (!(error instanceof oauth.OperationProcessingError)) throw error;
    throw new KnownError("OIDC_LOGIN_REFUSED", `Cannot use the answer of the sign-in: ${error.message}`, {
      hint: "It may come from another provider. Sign in again; if it stays so, show the message to whoever runs the provider.",
    });
  }
};
