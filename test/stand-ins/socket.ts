import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { acceptWebSocket } from "../../src/demo/websocket-echo.ts";

export interface Socket {
  text(payload: string): void;
  binary(payload: string): void;
  close(code: number): void;
}

export interface SocketOptions {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The one of those offered that is taken. */
  readonly protocol?: string;
  readonly message?: (peer: Socket, payload: Buffer) => void;
  readonly closed?: () => void;
}

const TEXT = 1;
const BINARY = 2;

/** Whatever the Origin is: the real back ends accept every one, so that only a proxy can refuse (ui-traffic U6). */
export function openSocket(options: SocketOptions): Socket {
  const { request, socket } = options;
  // What is offered first is what is taken.
  if (options.protocol !== undefined) request.headers["sec-websocket-protocol"] = options.protocol;
  socket.once("close", () => options.closed?.());
  const peer: Socket = {
    text: (payload) => raw.send(payload, TEXT),
    binary: (payload) => raw.send(Buffer.from(payload, "latin1"), BINARY),
    close: (code) => raw.close(code),
  };
  const raw = acceptWebSocket(request, socket, options.head, (_peer, payload) =>
    options.message?.(peer, payload),
  );
  return peer;
}

/** Answers an upgrade without 101. */
export const refuseUpgrade = (socket: Duplex, status: number, text: string): void => {
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
  );
};
