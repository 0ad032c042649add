import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { startOpen } from "../program.ts";

const COUNT = 50;
/** For what comes by timers of processes: a busy machine may take its time. */
const SOON = { timeout: 30_000, interval: 50 } as const;

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket";

/** The handshake of a page's WebSocket. */
const handshake = (origin: URL, cookie: string): string =>
  [
    "GET /ws HTTP/1.1",
    `Host: ${origin.host}`,
    `Origin: ${origin.origin}`,
    `Cookie: ${cookie}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");

test.each([
  ["that are destroyed", (socket: Socket) => socket.destroy()],
  ["that end and stay", (socket: Socket) => void socket.end()],
  ["that are reset", (socket: Socket) => socket.resetAndDestroy()],
])("F21: WebSockets %s leave no stream to the pod and no connection behind", async (_name, leave) => {
  const streams = new Set<Duplex>();
  const app = createServer((_request, response) => response.end("ok\n"));
  app.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const key = request.headers["sec-websocket-key"] ?? "";
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.on("error", () => undefined);
    // It neither says anything nor ends its side.
    socket.resume().write(`${SWITCHING}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
  });
  await using demo = await testDemo({
    pods: {
      connect: (_pod, _port, stream) => {
        app.emit("connection", stream);
        return true;
      },
    },
  });
  await using open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  const { cookie } = await follow(open.link);
  const sockets: Socket[] = [];
  for (let index = 0; index < COUNT; index += 1) {
    const socket = connect({ host: "127.0.0.1", port: Number(open.origin.port), allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.write(handshake(open.origin, cookie));
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    sockets.push(socket);
  }
  expect(streams.size).toBe(COUNT);
  const ended = sockets.map((socket) => once(socket.resume(), "close"));
  for (const socket of sockets) leave(socket);
  await expect.poll(() => streams.size, SOON).toBe(0);
  // The proxy has closed its ends, too.
  await Promise.all(ended);
});
