export { loadClientConfig, resolveClientConfig, type ClientConfigOptions } from "./client-config.ts";
export { persistAuthProvider, proveWritable } from "./edit.ts";
export { writeExecUser, type ExecStanza, type ExecUserTarget } from "./exec-user.ts";
export { loadPluginPolicy, type KubercOptions } from "./kuberc.ts";
export { loadKubeconfig, type LoadOptions } from "./load.ts";
export { cleanPath, resolveCommand } from "./path.ts";
export { selectContext } from "./select.ts";
export type {
  AuthProvider,
  ClientConfig,
  Cluster,
  Context,
  Entry,
  ExecConfig,
  Impersonation,
  Kubeconfig,
  OriginFacts,
  Overrides,
  PluginPolicy,
  User,
} from "./types.ts";
export { kubeconfigFaults, usableFaults } from "./validate-file.ts";
