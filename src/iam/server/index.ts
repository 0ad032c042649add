export { createMetrics, type Metrics } from "./metrics.ts";
export {
  endsSoon,
  givenCertificate,
  serverCertificate,
  standingCertificate,
  type ServerCertificate,
} from "./own-certificate.ts";
export { runIamServer, type IamServerSettings } from "./run.ts";
export { VERDICT_MOST } from "./desk.ts";
export { webhookKubeconfig, webhookUrl } from "./webhook-kubeconfig.ts";
export { partitionNamed, PARTITIONS } from "../partitions.ts";
