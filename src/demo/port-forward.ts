import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { System } from "../base/system.ts";
import {
  serveSpdy,
  SPDY_ANSWER,
  TUNNEL_PROTOCOL,
  websocketAnswer,
  type ServerQuirks,
  type SpdyServer,
} from "../tunnel/index.ts";
import { statusOf } from "./answer.ts";
import type { Person } from "./people.ts";
import type { StoredObject } from "./store.ts";

/** What one carrier does: works, is refused with 403, or says 101 and passes nothing. */
export type CarrierState = "ok" | "forbidden" | "swallow";

export interface Carriers {
  spdy: CarrierState;
  websocket: CarrierState;
}

export interface PodApp {
  /** A connection to a port of a pod; false when nothing listens there. */
  connect(pod: { readonly name: string; readonly uid: string }, port: number, stream: Duplex): boolean;
}

export interface Forward {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly options: {
    readonly system: System;
    readonly app: PodApp;
    readonly carriers: Carriers;
    readonly quirks: ServerQuirks;
  };
  readonly pod: StoredObject | undefined;
  readonly podName: string;
  readonly person: Person | undefined;
  readonly refusal: (verb: string) => string | undefined;
  readonly note: (verb: string, status: number) => void;
  readonly onTunnel: (tunnel: SpdyServer) => void;
  readonly isAlive: (uid: string) => boolean;
}

const refuse = (socket: Duplex, status: number, message: string, reason?: string): void => {
  const body = JSON.stringify(statusOf(status, message, reason));
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
};

/** The port-forward subresource over both carriers, with Kubernetes 1.35's rules (tunnel.md §1.4). */
export function startForward(forward: Forward): void {
  const { request, socket, options, pod, person } = forward;
  const websocket = (request.headers.upgrade ?? "").toLowerCase() === "websocket";
  const verb = websocket ? "get" : "create";
  const answer = (status: number, message: string, reason?: string): void => {
    forward.note(verb, status);
    refuse(socket, status, message, reason);
  };
  if (person === undefined) return answer(401, "Unauthorized");
  const refused = forward.refusal(verb);
  if (refused !== undefined) return answer(403, refused);
  // The second check of a WebSocket gives no reason.
  if (websocket && forward.refusal("create") !== undefined)
    return answer(403, `pods "${forward.podName}" is forbidden: `, "");
  if (pod === undefined) return answer(404, `pods "${forward.podName}" not found`);
  const state = options.carriers[websocket ? "websocket" : "spdy"];
  if (state === "forbidden") return answer(403, "this gateway does not pass upgrades", "");
  const key = request.headers["sec-websocket-key"];
  if (websocket && (key === undefined || request.headers["sec-websocket-protocol"] !== TUNNEL_PROTOCOL))
    return answer(400, "unknown subprotocol");
  forward.note(verb, 101);
  socket.write(websocket ? websocketAnswer(key ?? "") : SPDY_ANSWER);
  const { name, uid } = pod.metadata;
  const tunnel = serveSpdy(socket, {
    head: forward.head,
    carrier: websocket ? "websocket" : "spdy",
    system: options.system,
    quirks: { ...options.quirks, ...(state === "swallow" ? { swallow: true } : {}) },
    onConnection: ({ port, stream, fail }) => {
      stream.on("error", () => stream.destroy());
      if (!forward.isAlive(uid)) {
        fail(
          `error forwarding port ${port} to pod ${uid}, uid : failed to find sandbox "${uid}" in store: not found`,
        );
        return;
      }
      if (!options.app.connect({ name, uid }, port, stream))
        fail(
          `error forwarding port ${port} to pod ${uid}, uid : failed to execute portforward in network namespace: failed to connect to localhost:${port} inside namespace: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
        );
    },
  });
  forward.onTunnel(tunnel);
  return undefined;
}
