import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { StoreEvent } from "../../../src/demo/store.ts";
import { statusOf } from "../answers.ts";
import { openSocket, type Socket } from "../socket.ts";
import type { Headlamp } from "./headlamp.ts";
import { listOf, resourceOf, selects, type Resource } from "./resources.ts";

export interface StreamRequest {
  readonly self: Headlamp;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Below `/clusters/main`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: string;
}

const BASE64 = "base64.binary.k8s.io";
const CHANNELS = "v4.channel.k8s.io";
const STDIN = 0;

/** False where there is nothing of the kind. */
export function openStream(asked: StreamRequest): boolean {
  const resource = resourceOf(asked.path);
  const offered = (asked.request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim());
  if (resource === undefined) return false;
  if (resource.sub === "exec" && offered.includes(CHANNELS)) openExec(asked);
  else if (resource.sub === "log" && offered.includes(BASE64)) openLog(asked);
  else if (resource.sub === undefined && asked.query.get("watch") === "1" && offered.includes(BASE64))
    openWatch(asked, resource);
  else return false;
  return true;
}

/** Plain JSON texts, one event each, though the sub-protocol says otherwise (U14). It outlives its token (U15). */
const openWatch = ({ self, query, ...asked }: StreamRequest, resource: Resource): void => {
  const { store, watches } = self;
  let stop = (): void => undefined;
  const peer = openSocket({
    ...asked,
    protocol: BASE64,
    closed: () => {
      stop();
      watches.delete(peer);
    },
  });
  watches.add(peer);
  const { kind } = resource;
  if (kind === undefined) return;
  const wanted = selects(resource, query);
  const send = (event: StoreEvent): void => {
    if (wanted(event.object)) peer.text(JSON.stringify(event));
  };
  const from = query.get("resourceVersion");
  const past =
    from === null || from === ""
      ? (listOf(store, resource, query) as { readonly items: readonly StoreEvent["object"][] }).items.map(
          (object): StoreEvent => ({ type: "ADDED", object }),
        )
      : store.since(kind, Number(from));
  if (past === undefined) {
    peer.text(JSON.stringify({ type: "ERROR", object: statusOf(410, "Expired") }));
    peer.close(1000);
    return;
  }
  for (const event of past) send(event);
  stop = store.follow((changed, event) => {
    if (changed === kind) send(event);
  });
};

/** Frames are base64 of parts of the log; a test writes more of it. */
const openLog = ({ self, ...asked }: StreamRequest): void => {
  const peer: Socket = openSocket({ ...asked, protocol: BASE64, closed: () => self.logs.delete(peer) });
  self.logs.add(peer);
  peer.text(logFrame("line 1\n"));
};

const logFrame = (text: string): string => Buffer.from(text).toString("base64");

/** A shell that says what it was told, and as whom. The first byte of a frame is its channel; 4 is a resize. */
const openExec = (asked: StreamRequest): void => {
  openSocket({
    ...asked,
    protocol: CHANNELS,
    message: (peer, payload) => {
      if (payload[0] === STDIN) peer.binary(`\u0001${asked.user} said ${payload.toString("latin1", 1)}`);
    },
  }).binary("\u0001$ ");
};
