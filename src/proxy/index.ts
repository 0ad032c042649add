export type {
  Admitted,
  AuthorizeRequest,
  Dialled,
  DialRequest,
  Forwarder,
  Leg,
  Problem,
  Site,
  Upstream,
} from "./types.ts";
