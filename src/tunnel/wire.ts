import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { KnownError, messageOf } from "../base/errors.ts";
import {
  WebSocketParser,
  closeFrame,
  continuationFrame,
  frameInPlace,
  pongFrame,
} from "./websocket/frames.ts";

/** What a wire tells its owner. */
export interface WireOwner {
  /** SPDY bytes, in order, cut anywhere. May throw a KnownError, which ends the wire. */
  bytes(chunk: Buffer): void;
  /** Nothing comes after this. Called once. */
  closed(error: KnownError): void;
}

/** An upgraded socket that carries SPDY bytes, whatever it wraps them in. */
export interface Wire {
  /** Sends `slab[HEADROOM, end)`, and may write in the headroom. `done` once the memory may be used again. */
  send(slab: Buffer, end: number, done: () => void): void;
  pause(): void;
  resume(): void;
  /** About a second went by. */
  forgive(): void;
  /** Sends what was sent, then ends. */
  close(): void;
  /** Ends now; `closed` gets the error. */
  destroy(error: KnownError): void;
}

export interface WireOptions {
  readonly socket: Duplex;
  /** Came with the 101 (a client's wire) or with the request (a server's). */
  readonly head: Buffer;
  readonly owner: WireOwner;
  /** Where `send` finds the first byte. */
  readonly headroom: number;
}

const LOST = "The port-forward connection was closed by the other side";

/** The life of the socket, the same for both wires. */
function attach(
  options: WireOptions,
  read: (chunk: Buffer) => void,
): Pick<Wire, "pause" | "resume" | "close" | "destroy"> {
  const { socket, head, owner } = options;
  let fault: KnownError | undefined;
  const destroy = (error: KnownError): void => {
    fault ??= error;
    socket.destroy();
  };
  const guarded = (chunk: Buffer): void => {
    if (fault !== undefined) return;
    try {
      read(chunk);
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      destroy(error);
    }
  };
  if (socket instanceof Socket) {
    // The other side's acknowledgement must not hold back the next request.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.setTimeout(0);
  }
  socket.on("error", (error: Error) => {
    fault ??= new KnownError("TUNNEL_LOST", `The port-forward connection broke: ${messageOf(error)}`, {
      cause: error,
    });
  });
  socket.on("end", () => destroy(new KnownError("TUNNEL_LOST", LOST)));
  socket.once("close", () => owner.closed(fault ?? new KnownError("TUNNEL_LOST", LOST)));
  // The owner is not ready while it is being made.
  setImmediate(() => {
    if (head.length > 0) guarded(head);
    socket.on("data", guarded);
  });
  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.end(),
    destroy,
  };
}

/** A network socket is done with the memory when it calls back; a pipe in memory has handed the bytes themselves on. */
const lasting = (socket: Duplex, bytes: Buffer): Buffer =>
  socket instanceof Socket ? bytes : Buffer.from(bytes);

/** SPDY as it is. */
export function rawWire(options: WireOptions): Wire {
  const { socket, owner, headroom } = options;
  const base = attach(options, (chunk) => owner.bytes(chunk));
  return {
    ...base,
    send: (slab, end, done) => {
      if (socket.writable) socket.write(lasting(socket, slab.subarray(headroom, end)), done);
      else done();
    },
    forgive: () => undefined,
  };
}

export interface WebSocketWireOptions extends WireOptions {
  readonly role: "client" | "server";
  /** For the mask's key (a client's frames). */
  readonly random: (size: number) => Buffer;
  /** A server's messages in pieces with an empty continuation behind them, as an API server sends them. */
  readonly fragmented?: boolean;
}

/** Keys are drawn from the system's generator in one piece for 256 frames. */
const KEYS = 1024;

/** SPDY in the binary messages of a WebSocket. */
export function websocketWire(options: WebSocketWireOptions): Wire {
  const { socket, owner, headroom, role } = options;
  let keys: Buffer = Buffer.alloc(0);
  const key = (): Uint8Array | undefined => {
    if (role === "server") return undefined;
    if (keys.length < 4) keys = options.random(KEYS);
    const next = keys.subarray(0, 4);
    keys = keys.subarray(4);
    return next;
  };
  let pinged: Buffer | undefined;
  let answering = false;
  /** One pong at a time, for the last ping: a peer that reads nothing must not make them pile up (RFC 6455 §5.5.3). */
  const answer = (): void => {
    answering = pinged !== undefined && socket.writable;
    if (pinged === undefined || !answering) return;
    const frame = pongFrame(pinged, key());
    pinged = undefined;
    socket.write(frame, answer);
  };
  const parser = new WebSocketParser(
    {
      payload: (piece) => owner.bytes(piece),
      ping: (body) => {
        pinged = body;
        if (!answering) answer();
      },
      close: (status) => {
        if (socket.writable) socket.end(closeFrame(1000, key()));
        base.destroy(
          new KnownError("TUNNEL_LOST", `The port-forward's WebSocket was closed with status ${status}`),
        );
      },
    },
    { masked: role === "server" },
  );
  const base = attach(options, (chunk) => parser.push(chunk));
  return {
    ...base,
    send: (slab, end, done) => {
      if (!socket.writable) {
        done();
        return;
      }
      const pieces = options.fragmented === true;
      const start = frameInPlace(slab, headroom, end, { key: key(), final: !pieces });
      if (!pieces) {
        socket.write(lasting(socket, slab.subarray(start, end)), done);
        return;
      }
      socket.write(lasting(socket, slab.subarray(start, end)));
      socket.write(continuationFrame(), done);
    },
    forgive: () => parser.forgive(),
    close: () => {
      if (socket.writable) socket.end(closeFrame(1000, key()));
    },
  };
}
