export type { App, SeenRequest } from "./app.ts";
export type { AuditEntry, Cluster, MoreApi, Release } from "./cluster.ts";
export type { Rights } from "./people.ts";
export type { Carriers, CarrierState } from "./port-forward.ts";
export { startDemo, type Demo, type DemoOptions } from "./start.ts";
