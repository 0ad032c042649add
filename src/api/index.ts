export { mayI, type Right } from "./access-review.ts";
export {
  getObject,
  listObjects,
  whoAmI,
  type Identity,
  type Listed,
  type ListWishes,
  type ResourceName,
  type ResourceOf,
} from "./client.ts";
export { connect } from "./connection.ts";
export { impersonationHeaders } from "./impersonate.ts";
export { inspectServer, type ServerInspection, type ShownCertificate, type ShownTls } from "./inspect.ts";
export type { EndpointSlice, Pod, Service, Workload } from "./objects.ts";
export { listPages } from "./pages.ts";
export { requestToken, type ServiceAccountName } from "./token-request.ts";
export type {
  ApiRequest,
  ApiResponse,
  Connection,
  ServerConnection,
  ConnectionOptions,
  Upgraded,
  UpgradeRefused,
  UpgradeRequest,
} from "./types.ts";
export { updateStatus, type StatusUpdate } from "./update-status.ts";
export { watchObjects, type WatchEvent } from "./watch.ts";
