export type { ProxyEvent } from "./event.ts";
export { createForwarder, type ForwarderOptions } from "./forward/forwarder.ts";
export { askSite, type SiteAnswer, type SiteQuestion } from "./forward/ask-site.ts";
export { isRead } from "./forward/replay.ts";
export { originOf, type OriginInputs } from "./label.ts";
export { createLazy, type LazyOptions } from "./lazy.ts";
export { createLegs, type LegChoice, type Legs, type LegsOptions } from "./legs.ts";
export { writeLaunchFile, type LaunchFile } from "./launch-file.ts";
export { candidatesOf, openListener, type ListenPlan, type ProxyListener } from "./listener.ts";
export type { ContextColor } from "./pages/context-color.ts";
export type { ClusterView, SignInView, StartView, TargetView } from "./pages/start-view.ts";
export { createPermitted, type PermitsOptions } from "./permits.ts";
export { startForwarder, type StartOptions } from "./start/forwarder.ts";
export { troubleOf, type Trouble } from "./trouble.ts";
export { hostAndPort } from "./sites.ts";
export { serveProxy, type LaunchLink, type ProxyOptions, type ProxyServer } from "./server.ts";
export type {
  Admitted,
  AnsweredHead,
  AskedRequest,
  AuthorizeRequest,
  Dialled,
  DialRequest,
  Forwarder,
  Incident,
  Leg,
  Narrow,
  Origin,
  Problem,
  Resumable,
  Site,
  SiteHooks,
  Upstream,
} from "./types.ts";
