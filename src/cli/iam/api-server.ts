import { connect, type Connection } from "../../api/index.ts";
import { credentialSource } from "../../credentials/index.ts";
import { loadKubeconfig, loadPluginPolicy, resolveClientConfig } from "../../kubeconfig/index.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { ownPlugin } from "../own-plugin.ts";

export interface ApiServerWishes {
  /** Default: what the environment names, and in a pod its service account. */
  readonly kubeconfig?: string | undefined;
  /** Address of the API server, instead of the one there. */
  readonly server?: string | undefined;
  readonly context?: string | undefined;
}

const PLUGIN_TIMEOUT = millis(60_000);

/** The API server whose mappings are read or written. Dials nothing yet. @throws {KnownError} */
export async function connectApiServer(
  { kubeconfig, server, context }: ApiServerWishes,
  system: System,
  signal: AbortSignal,
): Promise<Connection> {
  const config = await resolveClientConfig(
    await loadKubeconfig(system, { explicit: kubeconfig }),
    { ...(server === undefined ? {} : { server }), ...(context === undefined ? {} : { context }) },
    system,
  );
  const source = credentialSource(config, system, {
    timeout: PLUGIN_TIMEOUT,
    policy: await loadPluginPolicy(system),
    own: ownPlugin(system),
    signal,
  });
  return connect(config, source, system);
}
