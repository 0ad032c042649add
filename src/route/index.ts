export { authorityOf } from "./authority.ts";
export { findServices, placeText, type Findings, type Found, type Looked } from "./find.ts";
export { parseTarget, targetText } from "./parse.ts";
export { resolveBackend, type ResolveOptions } from "./resolve.ts";
export { openRoute, type RouteOptions } from "./route.ts";
export { chooseServicePort } from "./service-port.ts";
export type { Backend, Route, RouteChange, RouteDial, Scheme, TargetKind, TargetReference } from "./types.ts";
