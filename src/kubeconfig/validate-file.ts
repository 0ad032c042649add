import { EMPTY_CLUSTER, EMPTY_USER } from "./select.ts";
import type { Context, Kubeconfig } from "./types.ts";
import { clusterFaults, userFaults, type Unreadable } from "./validate.ts";

/** RFC 1123's label, as Kubernetes has it. */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const nobodyLooked: Unreadable = () => undefined;

/**
 * Everything that client-go's `Validate` finds in a whole kubeconfig (credentials.md §1.7), selected or not. Most of it
 * keeps nobody from working, so commands only tell it.
 */
export const kubeconfigFaults = (kubeconfig: Kubeconfig): readonly string[] => {
  const { currentContext, contexts, users, clusters } = kubeconfig;
  if (currentContext === undefined && contexts.size + users.size + clusters.size === 0)
    return ["no configuration has been provided, try setting KUBERNETES_MASTER environment variable"];
  return unique([
    ...(currentContext === undefined || contexts.has(currentContext) ? [] : [notFound(currentContext)]),
    ...[...contexts].flatMap(([name, { value }]) => contextFaults(name, value, kubeconfig)),
    ...[...users].flatMap(([name, { value }]) => userFaults(name, value, nobodyLooked)),
    ...[...clusters].flatMap(([name, { value }]) => clusterFaults(name, value, nobodyLooked)),
  ]);
};

/** What client-go's `ConfirmUsable` says against one context, by default the current one. */
export const usableFaults = (kubeconfig: Kubeconfig, wanted?: string): readonly string[] => {
  const name = wanted === undefined || wanted === "" ? kubeconfig.currentContext : wanted;
  if (name === undefined) return ["no context chosen"];
  const context = kubeconfig.contexts.get(name)?.value;
  if (context === undefined) return [notFound(name)];
  const { user = "", cluster = "" } = context;
  return unique([
    ...contextFaults(name, context, kubeconfig),
    ...userFaults(user, kubeconfig.users.get(user)?.value ?? EMPTY_USER, nobodyLooked),
    ...clusterFaults(cluster, kubeconfig.clusters.get(cluster)?.value ?? EMPTY_CLUSTER, nobodyLooked),
  ]);
};

const unique = (faults: readonly string[]): readonly string[] => [...new Set(faults)];

const notFound = (name: string): string => `context was not found for specified context: ${name}`;

const contextFaults = (name: string, context: Context, kubeconfig: Kubeconfig): readonly string[] => {
  const { user, cluster, namespace } = context;
  const faults: string[] = [];
  if (name === "")
    faults.push(`empty context name for cluster "${cluster ?? ""}" and user "${user ?? ""}" is not allowed`);
  if (user === undefined) faults.push(`user was not specified for context "${name}"`);
  else if (!kubeconfig.users.has(user)) faults.push(`user "${user}" was not found for context "${name}"`);
  if (cluster === undefined) faults.push(`cluster was not specified for context "${name}"`);
  else if (!kubeconfig.clusters.has(cluster))
    faults.push(`cluster "${cluster}" was not found for context "${name}"`);
  if (namespace !== undefined && !DNS_LABEL.test(namespace))
    faults.push(
      `namespace "${namespace}" for context "${name}" does not conform to the kubernetes DNS_LABEL rules`,
    );
  return faults;
};
