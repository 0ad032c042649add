import { cached } from "../base/cached.ts";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { AuthProvider, ClientConfig } from "../kubeconfig/index.ts";
import type { ProgramOptions } from "./auth-providers/provider.ts";
import type { ClientCertificate, Credential, CredentialSource } from "./types.ts";

const NAMES: ReadonlySet<string> = new Set(["oidc", "gcp", "azure", "openstack"]);

/** @throws {KnownError} CLIENT_CONFIG_INVALID with client-go's text */
export const checkAuthProvider = (provider: AuthProvider): void => {
  if (!NAMES.has(provider.name))
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `no Auth Provider found for name ${JSON.stringify(provider.name)}`,
    );
};

/**
 * An auth provider as a source (credentials.md §3), loaded when it is first asked: few kubeconfigs have one. The user's
 * client certificate goes along with its token.
 */
export function authProviderSource(
  provider: AuthProvider,
  config: ClientConfig,
  system: System,
  options: ProgramOptions & { readonly certificate: () => Promise<ClientCertificate | undefined> },
): CredentialSource {
  const source = cached(async () => {
    const { chooseAuthProvider } = await import("./auth-providers/choose.ts");
    return chooseAuthProvider(provider, config, system, options);
  });
  let joined: { readonly from: Credential; readonly credential: Credential } | undefined;
  const join = (from: Credential, pair: ClientCertificate | undefined): Credential => {
    if (pair === undefined) return from;
    // A rotated certificate is another credential with the same token.
    if (joined?.from !== from || joined.credential.certificate !== pair)
      joined = { from, credential: { ...from, certificate: pair } };
    return joined.credential;
  };
  return {
    method: "auth-provider",
    description: `auth provider "${provider.name}"`,
    get: async (wishes) => {
      const [from, pair] = await Promise.all([(await source.get()).get(wishes), options.certificate()]);
      return join(from, pair);
    },
    renew: async (rejected, wishes) => {
      const from = joined?.credential === rejected ? joined.from : rejected;
      const renewed = await (await source.get()).renew(from, wishes);
      return renewed === undefined ? undefined : join(renewed, await options.certificate());
    },
  };
}
