import { KnownError, messageOf } from "../base/errors.ts";
import { parseRequestTimeout } from "../base/go-duration.ts";
import type { System } from "../base/system.ts";
import { overrideCluster, overrideUser } from "./override.ts";
import { serverUrl } from "./server-url.ts";
import type { ClientConfig, Cluster, Kubeconfig, Overrides, User } from "./types.ts";
import { clusterFaults, EMPTY_CLUSTER_FAULT, userFaults, type Unreadable } from "./validate.ts";

export const EMPTY_CLUSTER: Cluster = {
  server: undefined,
  tlsServerName: undefined,
  insecureSkipTlsVerify: false,
  certificateAuthority: undefined,
  certificateAuthorityData: undefined,
  proxyUrl: undefined,
  disableCompression: false,
  execConfig: undefined,
};

export const EMPTY_USER: User = {
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

type Surroundings = Pick<System, "cwd" | "env">;

/** What a context and the flags select, before anybody has judged it. */
export interface Selection extends Omit<ClientConfig, "server" | "impersonate" | "namespace"> {
  /** Of flag or context; undefined where neither says one. */
  readonly namespace: string | undefined;
  readonly sources: readonly string[];
}

/**
 * Context and overrides → the entries that count, in the order of credentials.md §1.5: KUBERNETES_MASTER, the entry,
 * the flag. A user that only the context names may be missing.
 * @throws {KnownError} CONTEXT_UNKNOWN, CLIENT_CONFIG_INVALID
 */
export const selectEntries = (
  kubeconfig: Kubeconfig,
  overrides: Overrides,
  { cwd, env }: Surroundings,
): Selection => {
  const contextName = overrides.context ?? kubeconfig.currentContext;
  const context = contextName === undefined ? undefined : kubeconfig.contexts.get(contextName)?.value;
  if (contextName !== undefined && context === undefined)
    throw unknownContext(contextName, kubeconfig, overrides);
  const clusterName = overrides.cluster ?? context?.cluster;
  const userName = overrides.user ?? context?.user;
  const clusterEntry = clusterName === undefined ? undefined : kubeconfig.clusters.get(clusterName);
  const userEntry = userName === undefined ? undefined : kubeconfig.users.get(userName);
  if (overrides.cluster !== undefined && clusterEntry === undefined)
    throw unknown("cluster", overrides.cluster, kubeconfig.clusters);
  if (overrides.user !== undefined && userEntry === undefined)
    throw unknown("auth info", overrides.user, kubeconfig.users);
  const cluster = overrideCluster(clusterEntry?.value ?? EMPTY_CLUSTER, overrides, cwd);
  const master = env["KUBERNETES_MASTER"];
  return {
    contextName,
    clusterName,
    userName,
    cluster: { ...cluster, server: cluster.server ?? (master === "" ? undefined : master) },
    user: overrideUser(userEntry?.value ?? EMPTY_USER, overrides, cwd),
    namespace: overrides.namespace ?? context?.namespace,
    requestTimeout: requestTimeout(overrides.requestTimeout),
    userOrigin: userEntry?.origin,
    sources: kubeconfig.sources,
  };
};

/**
 * A selection that client-go would take, or its complaints about it (credentials.md §1.7).
 * @throws {KnownError} KUBECONFIG_EMPTY, CLIENT_CONFIG_INVALID
 */
export const judgeSelection = (selection: Selection, unreadable: Unreadable): ClientConfig => {
  const { sources, cluster, user, ...rest } = selection;
  const faults = [
    ...userFaults(rest.userName ?? "", user, unreadable),
    ...clusterFaults(rest.clusterName ?? "", cluster, unreadable),
  ];
  if (faults.length === 1 && faults[0] === EMPTY_CLUSTER_FAULT) throw nothingConfigured(sources);
  if (faults.length > 0) throw invalid(faults);
  return {
    ...rest,
    cluster,
    user,
    impersonate: user.impersonate,
    server: serverUrl(cluster.server ?? "", cluster, user),
    namespace: rest.namespace ?? "default",
  };
};

/**
 * Context and overrides → one cluster, one user, one namespace, without a look at any other file or at the pod that
 * kauth may run in. Mistakes in entries that are not selected are ignored.
 * @throws {KnownError} CONTEXT_UNKNOWN, CLIENT_CONFIG_INVALID, KUBECONFIG_EMPTY
 */
export const selectContext = (
  kubeconfig: Kubeconfig,
  overrides: Overrides = {},
  around: Surroundings = { cwd: "/", env: {} },
): ClientConfig => judgeSelection(selectEntries(kubeconfig, overrides, around), () => undefined);

const requestTimeout = (text: string | undefined): ClientConfig["requestTimeout"] => {
  if (text === undefined) return undefined;
  try {
    return parseRequestTimeout(text);
  } catch (error) {
    throw new KnownError("CLIENT_CONFIG_INVALID", messageOf(error), {
      cause: error,
      hint: `Correct --request-timeout ${JSON.stringify(text)}`,
    });
  }
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

const unknown = (what: string, name: string, names: ReadonlyMap<string, unknown>): KnownError =>
  new KnownError("CONTEXT_UNKNOWN", `${what} "${name}" does not exist`, { hint: known(names) });

const nothingConfigured = (sources: readonly string[]): KnownError =>
  new KnownError(
    "KUBECONFIG_EMPTY",
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    {
      hint: `Looked for ${sources.join(", ")}. Name a kubeconfig with --kubeconfig or KUBECONFIG, and a context with --context`,
    },
  );
