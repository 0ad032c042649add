import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { bindAny } from "../../base/listen.ts";
import type { SocketAddress } from "../../base/proc-net.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import type { IssuedCertificate } from "../../base/x509.ts";

export interface Serving {
  readonly port: number;
  /** New connections see this one. */
  show(certificate: IssuedCertificate): void;
  /** Takes nobody new, lets those who wait have their answers, and ends. */
  stop(): Promise<void>;
}

/** Milliseconds. */
const HEAD_TIME = 10_000;
const REQUEST_TIME = 20_000;
const CHECK_EVERY = 1_000;
/** Go keeps idle connections for 90 s, and does not send a POST again on one that we have just closed (iam.md §2.8). */
const KEEP_ALIVE = 130_000;
const HEAD_LIMIT = KiB(16);
/** Of API servers there are a few; anybody on the machine may connect. */
const CONNECTIONS = 1_024;
/** Of them: from here on those that do nothing are closed for each new one. */
const CROWDED = 0.75;
/** What an API server waits for an answer, and some. */
const DRAIN = millis(10_000);

/** For tests; the defaults are what holds. */
export interface Limits {
  /** Milliseconds until TLS, and then until a request's head, is there. */
  readonly headTime?: number;
  readonly connections?: number;
}

/** HTTP/1.1 over TLS 1.2 or newer. @throws {KnownError} PORT_TAKEN, LISTEN_FAILED */
export async function serveTls(
  at: SocketAddress,
  certificate: IssuedCertificate,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  system: System,
  { headTime = HEAD_TIME, connections = CONNECTIONS }: Limits = {},
): Promise<Serving> {
  let stopping = false;
  const waiting = new Set<ServerResponse>();
  const server: Server = createServer(
    {
      ...shown(certificate),
      // Node's own is two minutes, in which anybody could take all places.
      handshakeTimeout: headTime,
      headersTimeout: headTime,
      requestTimeout: REQUEST_TIME,
      connectionsCheckingInterval: CHECK_EVERY,
      keepAliveTimeout: KEEP_ALIVE,
      maxHeaderSize: HEAD_LIMIT,
      ALPNProtocols: ["http/1.1"],
    },
    (request, response) => {
      waiting.add(response);
      response.once("close", () => waiting.delete(response));
      if (stopping) response.setHeader("Connection", "close");
      handler(request, response);
    },
  );
  server.maxConnections = connections;
  let open = 0;
  server.on("connection", (socket: Socket) => {
    open += 1;
    socket.once("close", () => (open -= 1));
    // Else whoever keeps them all would keep the API server out.
    if (open > connections * CROWDED) server.closeIdleConnections();
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("clientError", (_error, socket) => socket.destroy());
  const { port } = await bindAny(server, at, system);
  return {
    port,
    show: (next) => server.setSecureContext(shown(next)),
    stop: async () => {
      stopping = true;
      for (const response of waiting) if (!response.headersSent) response.setHeader("Connection", "close");
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), DRAIN);
      await closed;
      clearTimeout(late);
    },
  };
}

const shown = ({
  cert,
  key,
}: IssuedCertificate): { readonly cert: string; readonly key: string; readonly minVersion: "TLSv1.2" } => ({
  cert,
  key,
  minVersion: "TLSv1.2",
});
