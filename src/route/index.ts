export { authorityOf } from "./authority.ts";
export { parseTarget, targetText } from "./parse.ts";
export { resolveBackend, type ResolveOptions } from "./resolve.ts";
export { openRoute, type RouteOptions } from "./route.ts";
export type { Backend, Route, RouteChange, RouteDial, TargetKind, TargetReference } from "./types.ts";
