export { kubeconfigPaths, loadKubeconfig, type LoadOptions } from "./load.ts";
export { mergeKubeconfigs } from "./merge.ts";
export { parseKubeconfig, type FileOrigin } from "./parse.ts";
export { selectContext } from "./select.ts";
export type {
  AuthProvider,
  ClientConfig,
  Cluster,
  Context,
  Entry,
  ExecConfig,
  Kubeconfig,
  Overrides,
  User,
} from "./types.ts";
