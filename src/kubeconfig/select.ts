import { KnownError, messageOf } from "../base/errors.ts";
import { parseRequestTimeout } from "../base/go-duration.ts";
import type { System } from "../base/system.ts";
import { overrideCluster, overrideUser } from "./override.ts";
import { serverUrl } from "./server-url.ts";
import type { ClientConfig, Cluster, Kubeconfig, Overrides, User } from "./types.ts";
import { clusterFaults, EMPTY_CLUSTER_FAULT, headerFault, userFaults, type Unreadable } from "./validate.ts";

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

type Surroundings = Pick<System, "cwd" | "env"> & Partial<Pick<System, "platform">>;

/** What a context and the flags select, before anybody has judged it. */
export interface Selection extends Omit<ClientConfig, "server" | "impersonate" | "namespace"> {
  /** Of flag or context; undefined where neither says one. */
  readonly namespace: string | undefined;
  readonly sources: readonly string[];
  /** Names of all contexts, for who has chosen none. */
  readonly contexts: readonly string[];
}

/**
 * Context and overrides → the entries that count, in the order of credentials.md §1.5: KUBERNETES_MASTER, the entry,
 * the flag. A user that only the context names may be missing.
 * @throws {KnownError} CONTEXT_UNKNOWN, CLIENT_CONFIG_INVALID
 */
export const selectEntries = (
  kubeconfig: Kubeconfig,
  overrides: Overrides,
  around: Surroundings,
): Selection => {
  const wanted = {
    context: given(overrides.context),
    cluster: given(overrides.cluster),
    user: given(overrides.user),
  };
  const contextName = wanted.context ?? kubeconfig.currentContext;
  const context = contextName === undefined ? undefined : kubeconfig.contexts.get(contextName)?.value;
  if (contextName !== undefined && context === undefined)
    throw unknownContext(contextName, kubeconfig, wanted.context !== undefined);
  const clusterName = wanted.cluster ?? context?.cluster;
  const userName = wanted.user ?? context?.user;
  const clusterEntry = clusterName === undefined ? undefined : kubeconfig.clusters.get(clusterName);
  const userEntry = userName === undefined ? undefined : kubeconfig.users.get(userName);
  if (wanted.cluster !== undefined && clusterEntry === undefined)
    throw unknown("cluster", wanted.cluster, kubeconfig.clusters);
  if (wanted.user !== undefined && userEntry === undefined)
    throw unknown("auth info", wanted.user, kubeconfig.users);
  const cluster = overrideCluster(clusterEntry?.value ?? EMPTY_CLUSTER, overrides, around);
  return {
    contextName,
    clusterName,
    userName,
    cluster: { ...cluster, server: cluster.server ?? given(around.env["KUBERNETES_MASTER"]) },
    user: overrideUser(userEntry?.value ?? EMPTY_USER, overrides, around),
    namespace: given(namespaceOf(overrides.namespace)) ?? context?.namespace,
    requestTimeout: requestTimeout(overrides.requestTimeout),
    userOrigin: userEntry?.origin,
    userOriginFacts: userEntry?.originFacts,
    sources: kubeconfig.sources,
    contexts: [...kubeconfig.contexts.keys()],
  };
};

const given = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** `ns/apps` is a way to write `apps` (O11). */
const namespaceOf = (text: string | undefined): string | undefined =>
  text?.replace(/^(?:namespaces|namespace|ns)\/(?=[^])/i, "");

/**
 * A selection that client-go would take, or its complaints about it (credentials.md §1.7).
 * @throws {KnownError} KUBECONFIG_EMPTY, CLIENT_CONFIG_INVALID
 */
export const judgeSelection = (selection: Selection, unreadable: Unreadable): ClientConfig => {
  const { sources, contexts, cluster, user, ...rest } = selection;
  const faults = [
    ...userFaults(rest.userName ?? "", user, unreadable),
    ...clusterFaults(rest.clusterName ?? "", cluster, unreadable),
  ];
  if (faults.length === 1 && faults[0] === EMPTY_CLUSTER_FAULT)
    throw nothingConfigured({ ...rest, sources, contexts });
  if (faults.length > 0) throw invalid(faults);
  const server = serverUrl(cluster.server ?? "");
  const fault = server.protocol === "https:" ? headerFault(user, unreadable) : undefined;
  if (fault !== undefined) throw new KnownError("CLIENT_CONFIG_INVALID", fault);
  return {
    ...rest,
    cluster,
    user,
    impersonate: user.impersonate,
    server,
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

const NAMES_SHOWN = 20;

const listed = (names: readonly string[]): string => {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
};

const known = (what: string, names: ReadonlyMap<string, unknown>): string =>
  names.size === 0 ? "The kubeconfig has none" : `${what}: ${listed([...names.keys()])}`;

const unknownContext = (name: string, kubeconfig: Kubeconfig, byFlag: boolean): KnownError =>
  new KnownError(
    "CONTEXT_UNKNOWN",
    byFlag
      ? `context "${name}" does not exist`
      : `invalid configuration: context was not found for specified context: ${name}`,
    { hint: known("Contexts", kubeconfig.contexts) },
  );

/** Their kinds as client-go calls them, and as people do. */
const PLURALS = { cluster: "Clusters", "auth info": "Users" } as const;

const unknown = (what: keyof typeof PLURALS, name: string, names: ReadonlyMap<string, unknown>): KnownError =>
  new KnownError("CONTEXT_UNKNOWN", `${what} "${name}" does not exist`, {
    hint: known(PLURALS[what], names),
  });

type Names = Pick<Selection, "contextName" | "clusterName" | "contexts" | "sources">;

const nothingConfigured = (selection: Names): KnownError =>
  new KnownError(
    "KUBECONFIG_EMPTY",
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    { hint: whyNothing(selection) },
  );

const whyNothing = ({ contextName, clusterName, contexts, sources }: Names): string => {
  const files = sources.join(", ");
  if (contextName !== undefined)
    return `The context "${contextName}" of ${files} names ${clusterName === undefined ? "no cluster" : `the cluster "${clusterName}", of which nothing is known`}`;
  if (contexts.length > 0)
    return `${files} chooses no context; it has: ${listed(contexts)}. Choose one with --context`;
  return `Looked for ${files}. Name a kubeconfig with --kubeconfig or KUBECONFIG, and a context with --context`;
};
