export { podDialer, type PodDialerOptions } from "./dialer.ts";
export { probeCarrier } from "./probe.ts";
export type { Carrier, CarrierMemory, DialOptions, PodDialer, PortStream } from "./types.ts";
export { SPDY_ANSWER } from "./spdy/handshake.ts";
export {
  serveSpdy,
  type PodConnection,
  type ServerQuirks,
  type SpdyServer,
  type SpdyServerOptions,
} from "./spdy/server.ts";
export { TUNNEL_PROTOCOL, websocketAnswer } from "./websocket/handshake.ts";
