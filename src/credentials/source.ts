import type { System } from "../base/system.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { authProviderSource, checkAuthProvider } from "./auth-provider.ts";
import { checkExecVersion } from "./exec-credential.ts";
import { execSource, type ExecOptions } from "./exec.ts";
import { certificateReader, headerReader } from "./static.ts";
import type { ClientCertificate, Credential, CredentialSource, HeaderCredential, Method } from "./types.ts";

/**
 * The source that the selected user's fields ask for, by client-go's precedence (credentials.md §1.6): nothing over
 * plain http; an auth provider only where no token or basic is, a plugin only where no certificate is either; a
 * certificate beside any header.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export function credentialSource(
  config: ClientConfig,
  system: System,
  options: ExecOptions = {},
): CredentialSource {
  if (config.server.protocol !== "https:")
    return constant("none", "kubeconfig (nothing is sent over plain http)");
  const { user } = config;
  // Also of a plugin that is not asked, as client-go has it.
  if (user.exec !== undefined) checkExecVersion(user.exec.apiVersion);
  if (user.authProvider !== undefined) checkAuthProvider(user.authProvider);
  const reader = headerReader(user, system);
  const hasCertificate = user.clientCertificate !== undefined || user.clientCertificateData !== undefined;
  if (reader === undefined && !hasCertificate && user.authProvider === undefined)
    return user.exec === undefined
      ? constant("none", "kubeconfig (it names nothing that identifies you)")
      : execSource(user.exec, config, system, options);
  const name = config.userName ?? "";
  const certificate = hasCertificate
    ? certificateReader(user, name, system)
    : (): Promise<undefined> => Promise.resolve(undefined);
  if (reader === undefined && user.authProvider !== undefined)
    return authProviderSource(user.authProvider, config, system, { ...options, certificate });
  return staticSource(config, reader ?? (() => Promise.resolve(undefined)), certificate);
}

const EMPTY: Credential = { header: undefined, certificate: undefined, expiresAt: undefined };

const constant = (method: Method, description: string): CredentialSource => ({
  method,
  description,
  get: () => Promise.resolve(EMPTY),
  renew: () => Promise.resolve(undefined),
});

const staticSource = (
  config: ClientConfig,
  header: () => Promise<HeaderCredential | undefined>,
  certificate: () => Promise<ClientCertificate | undefined>,
): CredentialSource => {
  let current: Credential | undefined;
  return {
    ...staticName(config),
    get: async () => {
      const [now, pair] = await Promise.all([header(), certificate()]);
      // The same object as long as nothing changed, so that callers can compare by identity.
      if (current === undefined || current.header !== now || current.certificate !== pair)
        current = { header: now, certificate: pair, expiresAt: undefined };
      return current;
    },
    renew: (rejected) => Promise.resolve(current === undefined || current === rejected ? undefined : current),
  };
};

const staticName = (config: ClientConfig): { readonly method: Method; readonly description: string } => {
  const { user } = config;
  if (user.tokenFile !== undefined)
    return { method: "token-file", description: `token file "${user.tokenFile}"` };
  if (user.token !== undefined) return { method: "token", description: "kubeconfig" };
  if (user.username !== undefined) return { method: "basic", description: "user name and password" };
  return { method: "certificate", description: "client certificate" };
};
