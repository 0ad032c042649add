import { resolve } from "node:path";
import { DecodeError, fallback, object, string } from "../../base/decode.ts";
import { isKnownError, messageOf } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import { certificatesOf } from "../../base/pem.ts";
import { Secret } from "../../base/secret.ts";
import { after, KiB, millis } from "../../base/units.ts";
import type { Issued } from "../life.ts";
import { httpUrl } from "../../base/http-url.ts";
import { checkToken } from "../token.ts";
import { readIdToken } from "./id-token.ts";
import { requestTokenEitherWay } from "./oauth-token.ts";
import { failed, issue, misconfigured, within, type Provider, type ProviderContext } from "./provider.ts";
import { openError, parseQuietly, quoted, statusText } from "../../base/quote.ts";

/** client-go's margin for clocks that differ. */
const EXPIRY_DELTA = millis(10_000);
/** Of an answer that is not a discovery document. */
const QUOTE_LIMIT = 80;
/** A bundle of a few authorities. */
const CA_LIMIT = KiB(1024);

/**
 * `auth-provider: oidc` (credentials.md §3.1). The ID token of the kubeconfig serves until 10 s before its end; then the
 * refresh token gets another, and both are written back before one is used.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export async function createOidc(
  given: ReadonlyMap<string, string>,
  context: ProviderContext,
): Promise<Provider> {
  const { system } = context;
  const issuer = given.get("idp-issuer-url") ?? "";
  const clientId = given.get("client-id") ?? "";
  if (issuer === "") throw misconfigured("Must provide idp-issuer-url");
  if (clientId === "") throw misconfigured("Must provide client-id");
  if ((given.get("extra-scopes") ?? "") !== "")
    system.log.verbose(2, "extra-scopes auth provider field deprecated, refresh request don't send scopes");
  const ca = await readAuthority(given, context);
  const client = { id: clientId, secret: new Secret(given.get("client-secret") ?? "") };

  let config = given;
  /**
   * What an identity provider gave and no file took. client-go forgets it, and with it the only refresh token that is
   * still good where each is good once; here the next call writes it before anything else.
   */
  let unsaved: ReadonlyMap<string, string> | undefined;
  let held: { readonly token: string; readonly issued: Issued } | undefined;

  const hold = (token: string): Issued => {
    if (held?.token === token) return held.issued;
    const { expiresAt, issuedAt } = readIdToken(token);
    const issued = issue(token, "oidc", { at: issuedAt ?? system.now(), expiresAt });
    held = { token, issued };
    return issued;
  };
  const isGood = (token: string): boolean =>
    token !== "" && after(system.now(), EXPIRY_DELTA) < readIdToken(token).expiresAt;

  const save = async (renewed: ReadonlyMap<string, string>): Promise<void> => {
    unsaved = renewed;
    try {
      await context.save(renewed);
    } catch (error) {
      throw within("could not persist new tokens", error);
    }
    config = renewed;
    unsaved = undefined;
  };

  const refresh = async (from: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> => {
    const refreshToken = from.get("refresh-token") ?? "";
    if (refreshToken === "")
      throw failed("No valid id-token, and cannot refresh without refresh-token", SIGN_IN_AGAIN);
    const url = await findTokenEndpoint(issuer, ca, context);
    await context
      .prove(new Map([...from, ["id-token", ""], ["refresh-token", `${refreshToken}.`]]))
      .catch((error: unknown) => {
        throw within("could not persist new tokens", error);
      });
    const form = { grant_type: "refresh_token", refresh_token: refreshToken };
    const answer = await requestTokenEitherWay({ url, form, ca }, client, system).catch((error: unknown) => {
      throw within("failed to refresh token", error);
    });
    const rotated = new Map([
      ...from,
      ...(answer.refreshToken === undefined ? [] : ([["refresh-token", answer.refreshToken]] as const)),
    ]);
    try {
      if (answer.idToken === undefined) throw failed(NO_ID_TOKEN);
      readIdToken(checkToken(answer.idToken, 'auth provider "oidc"').reveal());
      return new Map([...rotated, ["id-token", answer.idToken]]);
    } catch (error) {
      // The old refresh token may be spent.
      if (answer.refreshToken !== undefined) await save(rotated);
      throw error;
    }
  };

  return {
    usable: () => {
      const token = config.get("id-token") ?? "";
      return isGood(token) ? hold(token) : undefined;
    },
    fetch: async () => {
      const kept = unsaved;
      if (kept === undefined) await save(await refresh(config));
      else await save(isStillGood(kept, isGood) ? kept : await refresh(kept));
      return hold(config.get("id-token") ?? "");
    },
  };
}

const NO_ID_TOKEN =
  "token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response";

const SIGN_IN_AGAIN =
  "Sign in again with the tool that wrote the kubeconfig, so that it has a new refresh-token.";

const isStillGood = (config: ReadonlyMap<string, string>, isGood: (token: string) => boolean): boolean => {
  try {
    return isGood(config.get("id-token") ?? "");
  } catch (error) {
    if (isKnownError(error)) return false;
    throw error;
  }
};

/** The data wins over the file; the file's name is relative to the working directory (credentials.md §1.2, §3.1). */
const readAuthority = async (
  config: ReadonlyMap<string, string>,
  { system }: ProviderContext,
): Promise<string | undefined> => {
  const data = config.get("idp-certificate-authority-data") ?? "";
  const path = config.get("idp-certificate-authority") ?? "";
  if (data === "" && path === "") return undefined;
  const pem = data === "" ? await readFile(path, system) : decodeBase64(data);
  if (certificatesOf(pem).length === 0)
    throw misconfigured("unable to load root certificates: unable to parse bytes as PEM block");
  return pem;
};

const readFile = async (path: string, system: ProviderContext["system"]): Promise<string> => {
  try {
    return (await system.files.read(resolve(system.cwd, path), CA_LIMIT)).toString("latin1");
  } catch (error) {
    throw misconfigured(openError(path, messageOf(error)));
  }
};

const decodeBase64 = (data: string): string => {
  const packed = data.replaceAll(/[\r\n]/g, "");
  const wrong =
    /[^A-Za-z0-9+/=]|=(?=[^=])/.exec(packed)?.index ?? (packed.length % 4 === 0 ? -1 : packed.length);
  if (wrong >= 0) throw misconfigured(`illegal base64 data at input byte ${wrong}`);
  return Buffer.from(packed, "base64").toString("latin1");
};

const discoveryShape = object({ token_endpoint: fallback(string, "") });

/** OpenID Connect Discovery 1.0 §4. The `issuer` of the answer is not compared, as client-go does not. */
const findTokenEndpoint = async (
  issuer: string,
  ca: string | undefined,
  { system }: ProviderContext,
): Promise<URL> => {
  const url = httpUrl(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (url === undefined)
    throw misconfigured(`Cannot use idp-issuer-url ${quoted(issuer)}: it is no http or https URL`);
  const answer = await sendHttp(
    { method: "GET", url, headers: [], ...(ca === undefined ? {} : { ca }) },
    system,
  );
  if (answer.status !== 200)
    throw failed(
      `oidc: failed to query metadata endpoint ${statusText(answer.status)}: ${quoted(answer.body, QUOTE_LIMIT)}`,
    );
  const named = readEndpoint(answer.body);
  if (named === "") throw failed("oidc: discovery object doesn't contain a token_endpoint");
  const endpoint = httpUrl(named);
  if (endpoint === undefined)
    throw failed(`failed to refresh token: token_endpoint ${quoted(named)} is no http or https URL`);
  return endpoint;
};

const readEndpoint = (body: string): string => {
  try {
    return discoveryShape(parseQuietly(body), "").token_endpoint;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw failed(`oidc: failed to decode provider discovery object: ${error.message}`);
  }
};
