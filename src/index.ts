/**
 * What a program needs to do as `kauth open` does: read the kubeconfig, get the credential, connect to the API server,
 * dial a port of a pod, and serve it behind the gate.
 */
export { connect, whoAmI, type Connection } from "./api/index.ts";
export { KnownError, type ErrorCode } from "./base/errors.ts";
export { Secret } from "./base/secret.ts";
export { realSystem, type System } from "./base/system.ts";
export {
  credentialHeaders,
  credentialSource,
  type Credential,
  type CredentialSource,
} from "./credentials/index.ts";
export {
  loadClientConfig,
  loadKubeconfig,
  selectContext,
  type ClientConfig,
  type Kubeconfig,
} from "./kubeconfig/index.ts";
export {
  createForwarder,
  openListener,
  serveProxy,
  type ProxyServer,
  type Site,
  type Upstream,
} from "./proxy/index.ts";
export { openRoute, parseTarget, type Backend, type Route } from "./route/index.ts";
export { podDialer, type PodDialer, type PortStream } from "./tunnel/index.ts";
