import { messageOf } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { after, between, type EpochMillis, type Millis } from "../../base/units.ts";
import type { Issued } from "../life.ts";
import type { Credential } from "../types.ts";
import { parseGoDuration } from "../../base/go-duration.ts";
import { keystoneToken, type KeystoneIdentity } from "./keystone.ts";
import { environmentIdentity } from "./openstack-environment.ts";
import { issue, misconfigured, within, type Provider, type ProviderContext } from "./provider.ts";

/** client-go's, as Go writes ten minutes. */
const DEFAULT_TTL = "10m0s";

/**
 * `auth-provider: openstack` (credentials.md §3.4): a token of Keystone's for as long as `ttl` says. When none can be
 * had the request goes without one, as in client-go; the reason is printed.
 * @throws {KnownError} CLIENT_CONFIG_INVALID, or why the default `ttl` could not be written to the kubeconfig
 */
export async function createOpenstack(
  config: ReadonlyMap<string, string>,
  context: ProviderContext,
): Promise<Provider> {
  const { system } = context;
  const ttl = await readTtl(config, context);
  const named = configuredIdentity(config);
  let token: Issued | undefined;
  let complaint = "";
  // Of a clock that was set back since nobody knows how old the token is.
  const isUsable = (at: EpochMillis, now: EpochMillis): boolean => now >= at && between(at, now) <= ttl;

  return {
    borrows: named === undefined,
    usable: () => (token !== undefined && isUsable(token.at, system.now()) ? token : undefined),
    fetch: async ({ early }) => {
      try {
        const text = await getToken(named, system);
        const at = system.now();
        token = issue(text, "openstack", { at, expiresAt: after(at, ttl) });
        complaint = "";
        return token;
      } catch (error) {
        const failure = within("failed to get token", error);
        if (early) throw failure;
        // Once, not for each request.
        if (failure.message !== complaint) system.log.warn(`${failure.message}; going on without a token`);
        complaint = failure.message;
        return { at: system.now(), credential: NOBODY };
      }
    },
  };
}

const NOBODY: Credential = { header: undefined, certificate: undefined, expiresAt: undefined };

const getToken = async (named: KeystoneIdentity | undefined, system: System): Promise<string> => {
  let identity = named;
  try {
    identity ??= environmentIdentity(system.env);
  } catch (error) {
    throw within("failed to read openstack env vars", error);
  }
  try {
    return await keystoneToken(identity, system);
  } catch (error) {
    throw within("authentication failed", error);
  }
};

const readTtl = async (config: ReadonlyMap<string, string>, context: ProviderContext): Promise<Millis> => {
  const written = config.get("ttl");
  if (written === undefined)
    try {
      await context.save(new Map([...config, ["ttl", DEFAULT_TTL]]));
    } catch (error) {
      throw within("failed to persist config", error);
    }
  try {
    return parseGoDuration(written ?? DEFAULT_TTL);
  } catch (error) {
    throw misconfigured(`failed to parse ttl config: ${messageOf(error)}`);
  }
};

/** Whom the kubeconfig names; undefined where it leaves that to the environment. */
const configuredIdentity = (config: ReadonlyMap<string, string>): KeystoneIdentity | undefined => {
  const get = (key: string): string => config.get(key) ?? "";
  const identity = {
    endpoint: get("identityEndpoint"),
    username: get("username"),
    password: new Secret(get("password")),
    domainName: get("name"),
    tenantId: get("tenantId"),
    tenantName: get("tenantName"),
  };
  const isSet = ["identityEndpoint", "username", "password", "name", "tenantId", "tenantName"].some(
    (key) => get(key) !== "",
  );
  if (!isSet) return undefined;
  if (identity.endpoint === "")
    throw misconfigured('empty "identityEndpoint" in the config for openstack auth provider');
  return {
    ...identity,
    userId: "",
    domainId: "",
    applicationCredentialId: "",
    applicationCredentialName: "",
    applicationCredentialSecret: new Secret(""),
  };
};
