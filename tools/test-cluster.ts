import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * The cluster.json of the cluster to test on: `KAUTH_E2E_CLUSTER`; where neither that nor a kubeconfig is named, the
 * test kit's own, if it is up. "" where there is none.
 */
export const testCluster = (env: NodeJS.ProcessEnv): string => {
  const named = env["KAUTH_E2E_CLUSTER"] ?? "";
  if (named !== "" || (env["KUBECONFIG"] ?? "") !== "") return named;
  const own = join(env["KAUTH_CLUSTER_STATE"] ?? "/var/lib/kauth-cluster", "cluster.json");
  return existsSync(own) ? own : "";
};
