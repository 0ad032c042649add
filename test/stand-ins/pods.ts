import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import { after, millis, type EpochMillis } from "../../src/base/units.ts";
import { selfSigned } from "../../src/base/x509.ts";

/** What answers in a pod. */
export interface Answers {
  request(request: IncomingMessage, response: ServerResponse, pod: string): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, pod: string): void;
}

/** Pods that run something; given to the demo's cluster as `pods`. */
export interface Pods {
  connect(pod: { readonly name: string; readonly uid: string }, port: number, stream: Duplex): boolean;
  /** Its process has ended: connections are reset, and nothing listens any more. */
  stop(pod: string): void;
  /** Its process runs again. */
  start(pod: string): void;
}

const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;
const DAY = millis(24 * 60 * 60 * 1000);

const newCertificate = (): { readonly cert: string; readonly key: string } => {
  const now = Date.now() as EpochMillis;
  return selfSigned({
    commonName: "stand-in",
    names: ["localhost"],
    notBefore: after(now, millis(-60_000)),
    notAfter: after(now, DAY),
    use: "server",
  });
};

/** Runs what `of` gives for a pod's name: HTTP on 8080, and on 8443 with a certificate that is new at each start. */
export function runInPods(of: (pod: string) => Answers): Pods {
  const servers = new Map<string, Server>();
  const certificates = new Map<
    string,
    { readonly uid: string; readonly pair: ReturnType<typeof newCertificate> }
  >();
  const streams = new Map<Duplex, string>();
  const stopped = new Set<string>();

  const serverOf = (pod: string): Server => {
    const known = servers.get(pod);
    if (known !== undefined) return known;
    const server = createServer({ keepAliveTimeout: 60_000 });
    server.on("request", (request, response) => of(pod).request(request, response, pod));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      of(pod).upgrade(request, socket, head, pod);
    });
    server.on("clientError", (_error, socket) => socket.destroy());
    servers.set(pod, server);
    return server;
  };

  const secured = (stream: Duplex, name: string, uid: string): TLSSocket => {
    const known = certificates.get(name);
    const pair = known?.uid === uid ? known.pair : newCertificate();
    certificates.set(name, { uid, pair });
    const socket = new TLSSocket(stream, { isServer: true, secureContext: createSecureContext(pair) });
    socket.on("error", () => stream.destroy());
    return socket;
  };

  return {
    connect: ({ name, uid }, port, stream) => {
      if (stopped.has(name) || (port !== HTTP_PORT && port !== HTTPS_PORT)) return false;
      streams.set(stream, name);
      stream.once("close", () => streams.delete(stream));
      serverOf(name).emit("connection", port === HTTP_PORT ? stream : secured(stream, name, uid));
      return true;
    },
    stop: (pod) => {
      stopped.add(pod);
      certificates.delete(pod);
      for (const [stream, name] of streams) if (name === pod) stream.destroy();
    },
    start: (pod) => stopped.delete(pod),
  };
}
