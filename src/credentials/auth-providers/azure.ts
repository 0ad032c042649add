import { DecodeError } from "../../base/decode.ts";
import type { System } from "../../base/system.ts";
import type { Issued } from "../life.ts";
import { azureCloud, azureEndpoints } from "./azure-cloud.ts";
import { signInByDeviceCode } from "./azure-device-code.ts";
import { endOf, isExpired, readAzureToken, type AzureToken } from "./azure-token.ts";
import { secretsOf, withoutEcho } from "../../base/echo.ts";
import { postForm } from "./oauth-token.ts";
import {
  failed,
  issue,
  misconfigured,
  within,
  type FetchOptions,
  type Provider,
  type ProviderContext,
} from "./provider.ts";
import { excerpt } from "../../base/quote.ts";

const ACQUIRING = "acquiring a token for authorization header";

/** The stored token counts only when all of these are there (credentials.md §3.3). */
const STORED = [
  "access-token",
  "refresh-token",
  "environment",
  "client-id",
  "tenant-id",
  "apiserver-id",
  "expires-in",
  "expires-on",
] as const;

/** 1: the token's audience has no `spn:`. @throws {KnownError} CLIENT_CONFIG_INVALID */
export const azureConfigMode = (text: string): 0 | 1 => {
  if (text === "") return 0;
  if (!/^[-+]?\d+$/.test(text))
    throw misconfigured(
      `failed to parse config-mode, error: strconv.Atoi: parsing ${JSON.stringify(text.slice(0, 40))}: invalid syntax`,
    );
  const mode = Number(text);
  if (mode !== 0 && mode !== 1) throw misconfigured(`config-mode:${text} is not a valid mode`);
  return mode;
};

/**
 * `auth-provider: azure` (credentials.md §3.3): the stored token to its very end, then its refresh token, then a sign-in
 * by device code. Every new token is written back before it is used.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export function createAzure(given: ReadonlyMap<string, string>, context: ProviderContext): Provider {
  const { system } = context;
  const mode = azureConfigMode(given.get("config-mode") ?? "");
  const required = (key: string): string => {
    const value = given.get(key) ?? "";
    if (value === "")
      throw misconfigured(
        `creating a new azure token source for device code authentication: ${key} is empty`,
      );
    return value;
  };
  const clientId = required("client-id");
  const tenant = required("tenant-id");
  const resource = required("apiserver-id");
  const cloud = azureCloud(given.get("environment") ?? "");

  let token = storedToken(given);
  /** What was given and not written: written first by the next call, since its refresh token may be the only good one. */
  let unsaved: AzureToken | undefined;
  let held: { readonly token: AzureToken; readonly issued: Issued } | undefined;

  const hold = (of: AzureToken): Issued => {
    if (held?.token === of) return held.issued;
    const issued = issue(of.accessToken, "azure", { at: system.now(), expiresAt: endOf(of) });
    held = { token: of, issued };
    return issued;
  };
  const configOf = (of: AzureToken): ReadonlyMap<string, string> =>
    new Map([
      ["access-token", of.accessToken],
      ["refresh-token", of.refreshToken],
      ["environment", of.environment],
      ["client-id", clientId],
      ["tenant-id", tenant],
      ["apiserver-id", resource],
      ["expires-in", of.expiresIn],
      ["expires-on", of.expiresOn],
      ["config-mode", String(mode)],
    ]);
  const save = async (of: AzureToken): Promise<Issued> => {
    unsaved = of;
    await context.save(configOf(of)).catch(notStored);
    token = of;
    unsaved = undefined;
    return hold(of);
  };
  const signIn = async ({ signal }: FetchOptions): Promise<AzureToken> =>
    await signInByDeviceCode(
      { endpoints: azureEndpoints(cloud, tenant, mode), clientId, resource, environment: cloud.name, signal },
      system,
    ).catch((error: unknown) => {
      throw signal.aborted ? error : within("failed acquiring new token", error);
    });
  const acquire = async (options: FetchOptions): Promise<AzureToken> => {
    const old = unsaved ?? token;
    if (old === undefined) return await signIn(options);
    const url = azureEndpoints(azureCloud(old.environment), tenant, mode).token;
    await context.prove(configOf({ ...old, refreshToken: `${old.refreshToken}.` })).catch(notStored);
    const refreshed = await refresh({ url, old, clientId, resource }, system);
    if (!("refused" in refreshed)) return refreshed;
    if (options.early) throw failed(refreshed.refused);
    system.log.verbose(1, `Failed to refresh expired token, proceed to auth: ${refreshed.refused}`);
    return await signIn(options);
  };
  return {
    usable: () => (token === undefined || isExpired(token, system.now()) ? undefined : hold(token)),
    fetch: async (options) => {
      try {
        if (unsaved !== undefined && !isExpired(unsaved, system.now())) return await save(unsaved);
        const acquired = await acquire(options);
        if (acquired.accessToken === "") throw failed("unable to acquire token");
        if (isExpired(acquired, system.now())) throw failed("newly acquired token is expired", CLOCK);
        return await save(acquired);
      } catch (error) {
        throw options.signal.aborted ? error : within(ACQUIRING, error);
      }
    },
  };
}

const notStored = (error: unknown): never => {
  throw within("storing the refreshed token in configuration: persisting the configuration", error);
};

const CLOCK = "Check this machine's clock.";

const storedToken = (config: ReadonlyMap<string, string>): AzureToken | undefined => {
  if (STORED.some((key) => (config.get(key) ?? "") === "")) return undefined;
  const text = (key: (typeof STORED)[number]): string => config.get(key) ?? "";
  return {
    accessToken: text("access-token"),
    refreshToken: text("refresh-token"),
    expiresIn: text("expires-in"),
    expiresOn: text("expires-on"),
    environment: text("environment"),
  };
};

interface Refresh {
  readonly url: URL;
  readonly old: AzureToken;
  readonly clientId: string;
  readonly resource: string;
}

/**
 * A new token for a refresh token, or why the server gave none: then the person signs in again. Where no answer can be
 * had at all, nobody is asked. @throws {KnownError} `unexpected error when refreshing token: …`
 */
const refresh = async (
  { url, old, clientId, resource }: Refresh,
  system: System,
): Promise<AzureToken | { readonly refused: string }> => {
  const form = {
    client_id: clientId,
    resource,
    grant_type: "refresh_token",
    refresh_token: old.refreshToken,
  };
  const answer = await postForm({ url, form }, system).catch((error: unknown) => {
    throw within("unexpected error when refreshing token: refreshing token", error);
  });
  if (answer.status !== 200)
    return {
      refused: `refreshing token: adal: Refresh request failed. Status Code = '${answer.status}'. Response body: ${excerpt(withoutEcho(answer.body, secretsOf(form)))}`,
    };
  if (answer.body.trim() === "")
    throw failed(
      "unexpected error when refreshing token: refreshing token: adal: Empty service principal token received during refresh",
    );
  try {
    const fresh = readAzureToken(answer, old.environment, system.now());
    // A server that rotates nothing may leave it out; go-autorest would lose it.
    return fresh.refreshToken === "" ? { ...fresh, refreshToken: old.refreshToken } : fresh;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return {
      refused: `refreshing token: adal: Failed to unmarshal the service principal token during refresh. Error = '${error.message}'`,
    };
  }
};
