import { isAbsolute, resolve } from "node:path";
import { KnownError } from "../base/errors.ts";
import { clusterFaults, userFaults } from "./validate.ts";
import { serverUrl } from "./server-url.ts";
import type { ClientConfig, Cluster, Kubeconfig, Overrides, User } from "./types.ts";

const EMPTY_CLUSTER: Cluster = {
  server: undefined,
  tlsServerName: undefined,
  insecureSkipTlsVerify: false,
  certificateAuthority: undefined,
  certificateAuthorityData: undefined,
  proxyUrl: undefined,
  disableCompression: false,
  execConfig: undefined,
};

const EMPTY_USER: User = {
  clientCertificate: undefined,
  clientCertificateData: undefined,
  clientKey: undefined,
  clientKeyData: undefined,
  token: undefined,
  tokenFile: undefined,
  username: undefined,
  password: undefined,
  impersonate: { user: undefined, uid: undefined, groups: [], extra: new Map() },
  exec: undefined,
  authProvider: undefined,
};

const NO_CONFIGURATION =
  "no configuration has been provided, try setting KUBERNETES_MASTER environment variable";

interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Context and overrides → one cluster, one user, one namespace (credentials.md §1.5–1.7). Mistakes in entries that
 * are not selected are ignored.
 * @throws {KnownError} CONTEXT_UNKNOWN, CLIENT_CONFIG_INVALID, IMPERSONATION, UNSUPPORTED
 */
export function selectContext(
  kubeconfig: Kubeconfig,
  overrides: Overrides = {},
  around: Surroundings = { cwd: "/", env: {} },
): ClientConfig {
  const contextName = overrides.context ?? kubeconfig.currentContext;
  const context = contextName === undefined ? undefined : kubeconfig.contexts.get(contextName)?.value;
  if (contextName !== undefined && context === undefined)
    throw unknownContext(contextName, kubeconfig, overrides);
  const clusterName = overrides.cluster ?? context?.cluster;
  const userName = overrides.user ?? context?.user;
  const clusterEntry = clusterName === undefined ? undefined : kubeconfig.clusters.get(clusterName);
  const userEntry = userName === undefined ? undefined : kubeconfig.users.get(userName);
  if (overrides.cluster !== undefined && clusterEntry === undefined)
    throw missing("cluster", overrides.cluster, kubeconfig.clusters);
  if (overrides.user !== undefined && userEntry === undefined)
    throw missing("auth info", overrides.user, kubeconfig.users);
  const files = (path: string): string => (isAbsolute(path) ? path : resolve(around.cwd, path));
  const cluster = overriddenCluster(clusterEntry?.value ?? EMPTY_CLUSTER, overrides, files);
  const user = overriddenUser(userEntry?.value ?? EMPTY_USER, overrides, files);
  const server = cluster.server ?? around.env["KUBERNETES_MASTER"];
  if (server === undefined || server === "")
    throw withoutServer(clusterName, clusterEntry !== undefined, kubeconfig);
  refuseImpersonation(user, overrides);
  const faults = [...clusterFaults(clusterName ?? "", cluster), ...userFaults(userName ?? "", user)];
  if (faults.length > 0) throw invalid(faults);
  return {
    contextName,
    clusterName,
    userName,
    server: serverUrl(server, cluster, user),
    cluster,
    user,
    namespace: overrides.namespace ?? context?.namespace ?? "default",
    userOrigin: userEntry?.origin,
  };
}

const overriddenCluster = (
  cluster: Cluster,
  overrides: Overrides,
  files: (path: string) => string,
): Cluster => {
  let result = cluster;
  if (overrides.server !== undefined)
    // A name of the old server's certificate says nothing about another server (O3).
    result = { ...result, server: overrides.server, tlsServerName: undefined };
  if (overrides.tlsServerName !== undefined) result = { ...result, tlsServerName: overrides.tlsServerName };
  if (overrides.certificateAuthority !== undefined)
    result = {
      ...result,
      certificateAuthority: files(overrides.certificateAuthority),
      certificateAuthorityData: undefined,
      insecureSkipTlsVerify: false,
    };
  if (overrides.insecureSkipTlsVerify === true)
    result = {
      ...result,
      insecureSkipTlsVerify: true,
      certificateAuthority: undefined,
      certificateAuthorityData: undefined,
    };
  return result;
};

const overriddenUser = (user: User, overrides: Overrides, files: (path: string) => string): User => {
  let result = user;
  if (overrides.token !== undefined) result = { ...result, token: overrides.token };
  if (overrides.username !== undefined) result = { ...result, username: overrides.username };
  if (overrides.password !== undefined) result = { ...result, password: overrides.password };
  // A pair of file and data is replaced as a pair, so that no "both specified" arises (O4).
  if (overrides.clientCertificate !== undefined)
    result = {
      ...result,
      clientCertificate: files(overrides.clientCertificate),
      clientCertificateData: undefined,
    };
  if (overrides.clientKey !== undefined)
    result = { ...result, clientKey: files(overrides.clientKey), clientKeyData: undefined };
  return result;
};

const invalid = (faults: readonly string[]): KnownError => {
  const unique = [...new Set(faults)];
  const text = unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`;
  return new KnownError("CLIENT_CONFIG_INVALID", `invalid configuration: ${text}`);
};

const known = (names: ReadonlyMap<string, unknown>): string =>
  names.size === 0 ? "The kubeconfig has none" : `There is: ${[...names.keys()].slice(0, 20).join(", ")}`;

const unknownContext = (name: string, kubeconfig: Kubeconfig, overrides: Overrides): KnownError =>
  new KnownError(
    "CONTEXT_UNKNOWN",
    overrides.context === undefined
      ? `invalid configuration: context was not found for specified context: ${name}`
      : `context "${name}" does not exist`,
    { hint: known(kubeconfig.contexts) },
  );

const missing = (what: string, name: string, names: ReadonlyMap<string, unknown>): KnownError =>
  new KnownError("CONTEXT_UNKNOWN", `${what} "${name}" does not exist`, { hint: known(names) });

const withoutServer = (name: string | undefined, found: boolean, kubeconfig: Kubeconfig): KnownError => {
  if (found && name !== undefined) return invalid([`no server found for cluster "${name}"`]);
  return new KnownError("KUBECONFIG_EMPTY", `invalid configuration: ${NO_CONFIGURATION}`, {
    hint: `Looked for ${kubeconfig.sources.join(", ")}. Name a kubeconfig with --kubeconfig or KUBECONFIG, and a context with --context`,
  });
};

const refuseImpersonation = (user: User, overrides: Overrides): void => {
  const { impersonate } = user;
  const who = overrides.as ?? impersonate.user;
  const others =
    overrides.asUid !== undefined ||
    (overrides.asGroups?.length ?? 0) > 0 ||
    (overrides.asUserExtra?.length ?? 0) > 0 ||
    impersonate.uid !== undefined ||
    impersonate.groups.length > 0 ||
    impersonate.extra.size > 0;
  if (who !== undefined || others)
    throw new KnownError(
      "IMPERSONATION",
      `Cannot impersonate ${who === undefined ? "" : `"${who}" `}yet: kauth would open the UI as yourself instead`,
    );
};
