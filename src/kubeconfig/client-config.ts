import { isDeepStrictEqual } from "node:util";
import { isKnownError, systemCode } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import type { System } from "../base/system.ts";
import { MiB } from "../base/units.ts";
import { inClusterConfig, inClusterNamespace, inClusterPossible } from "./in-cluster.ts";
import { loadKubeconfig, type LoadOptions } from "./load.ts";
import { EMPTY_CLUSTER, EMPTY_USER, judgeSelection, selectEntries, type Selection } from "./select.ts";
import type { ClientConfig, Kubeconfig, Overrides } from "./types.ts";

/** A bundle of authorities; only whether it can be read counts here. */
const PROBE_LIMIT = MiB(1);

/** client-go's server where none is named. */
const NOBODY = "http://localhost:8080";

export interface ClientConfigOptions extends LoadOptions {
  readonly overrides?: Overrides;
}

/**
 * What kubectl would work with here: files and flags, and in a pod without a kubeconfig its service account.
 * @throws {KnownError} whatever `loadKubeconfig` and `resolveClientConfig` throw
 */
export async function loadClientConfig(
  system: System,
  options: ClientConfigOptions = {},
): Promise<ClientConfig> {
  return await resolveClientConfig(await loadKubeconfig(system, options), options.overrides ?? {}, system);
}

/**
 * The same from a kubeconfig that was loaded before. The files that the selected entries name have to be readable; a
 * kubeconfig that says nothing leaves the word to the pod (credentials.md §1.8).
 * @throws {KnownError} CONTEXT_UNKNOWN, CLIENT_CONFIG_INVALID, KUBECONFIG_EMPTY
 */
export async function resolveClientConfig(
  kubeconfig: Kubeconfig,
  overrides: Overrides,
  system: System,
): Promise<ClientConfig> {
  const selected = selectEntries(kubeconfig, overrides, system);
  const pod = await inClusterPossible(system);
  const namespace = selected.namespace ?? (pod ? await inClusterNamespace(system) : "default");
  // In a pod, no server is no fault: client-go puts one there that nobody has named, and then takes the pod's.
  const nowhere = pod && selected.cluster.server === undefined;
  const cluster = nowhere ? { ...selected.cluster, server: NOBODY } : selected.cluster;
  const config = judgeSelection({ ...selected, cluster, namespace }, await unreadableFiles(selected, system));
  if (!pod || (!nowhere && !isDefault(selected, system.env))) return config;
  system.log.verbose(4, "Using in-cluster configuration");
  return await inClusterConfig({ ...selected, namespace }, overrides, system);
}

/** Nothing but the server that KUBERNETES_MASTER names. */
const isDefault = ({ cluster, user, requestTimeout }: Selection, env: System["env"]): boolean =>
  requestTimeout === undefined &&
  isDeepStrictEqual(cluster, { ...EMPTY_CLUSTER, server: env["KUBERNETES_MASTER"] }) &&
  // Over plain http nobody is told who the user is.
  (/^https:/i.test(cluster.server ?? "")
    ? isDeepStrictEqual(user, EMPTY_USER)
    : isDeepStrictEqual(user.impersonate, EMPTY_USER.impersonate));

/** Looks at the files that client-go opens while it validates. */
const unreadableFiles = async (
  { cluster, user }: Selection,
  system: System,
): Promise<(path: string, how: "open" | "read") => string | undefined> => {
  const paths = [
    cluster.certificateAuthority,
    user.clientCertificate,
    user.clientKey,
    user.token === undefined ? user.tokenFile : undefined,
  ].filter((path) => path !== undefined);
  const faults = new Map<string, unknown>();
  await Promise.all(
    paths.map(async (path) => {
      try {
        await system.files.read(path, PROBE_LIMIT);
      } catch (error) {
        // Large is readable.
        if (!isKnownError(error, "FILE_TOO_LARGE")) faults.set(path, error);
      }
    }),
  );
  return (path, how) => {
    const error = faults.get(path);
    // A directory can be opened.
    if (error === undefined || (how === "open" && systemCode(error) === "EISDIR")) return undefined;
    return osError(path, error);
  };
};
