import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** RFC 6455 §1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Larger messages end the connection with 1009. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export interface WebSocketPeer {
  send(payload: Buffer | string, opcode?: number): void;
  close(code: number): void;
}

const frame = (opcode: number, payload: Buffer): Buffer => {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
};

/** The server's side of a WebSocket, enough for the demo's app. It accepts every Origin: guarding is the proxy's work. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onMessage: (peer: WebSocketPeer, payload: Buffer, opcode: number) => void,
): WebSocketPeer {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  const protocol = request.headers["sec-websocket-protocol"]?.split(",")[0]?.trim();
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n${protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
  );
  const peer: WebSocketPeer = {
    send: (payload, opcode = TEXT) => void socket.write(frame(opcode, Buffer.from(payload))),
    close: (code) => {
      const body = Buffer.alloc(2);
      body.writeUInt16BE(code);
      socket.end(frame(CLOSE, body));
    },
  };
  let held = Buffer.alloc(0);
  let message: Buffer[] = [];
  let kind = 0;
  const read = (): boolean => {
    const found = readFrame(held);
    if (found === undefined) return false;
    if (found === "too large") {
      peer.close(1009);
      held = Buffer.alloc(0);
      return false;
    }
    held = held.subarray(found.size);
    if (found.opcode === CLOSE) socket.end(frame(CLOSE, found.payload.subarray(0, 2)));
    else if (found.opcode === PING) peer.send(found.payload, PONG);
    else if (found.opcode !== PONG) {
      if (found.opcode !== 0) kind = found.opcode;
      message.push(found.payload);
      if (found.last) {
        const whole = Buffer.concat(message);
        message = [];
        onMessage(peer, whole, kind);
      }
    }
    return true;
  };
  const take = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    while (read());
  };
  socket.on("data", take);
  socket.on("end", () => socket.end());
  socket.on("error", () => socket.destroy());
  if (head.length > 0) take(head);
  return peer;
}

interface Frame {
  readonly opcode: number;
  readonly last: boolean;
  readonly payload: Buffer;
  readonly size: number;
}

const readFrame = (bytes: Buffer): Frame | "too large" | undefined => {
  if (bytes.length < 2) return undefined;
  let length = (bytes[1] ?? 0) & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (length > MESSAGE_LIMIT) return "too large";
  if (bytes.length < at + 4 + length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let index = 0; index < length; index++)
    payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
  const first = bytes[0] ?? 0;
  return { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload, size: at + 4 + length };
};
