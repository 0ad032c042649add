export { persistAuthProvider } from "./edit.ts";
export { loadKubeconfig, type LoadOptions } from "./load.ts";
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
