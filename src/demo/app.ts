import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket, createSecureContext } from "node:tls";
import type { System } from "../base/system.ts";
import { after, millis } from "../base/units.ts";
import { selfSigned } from "../base/x509.ts";
import { sendJson } from "./answer.ts";
import { answerPath } from "./app-paths.ts";
import type { Person } from "./people.ts";
import type { PodApp } from "./port-forward.ts";
import { acceptWebSocket } from "./websocket-echo.ts";

/** What the app saw of a request: for tests, and never a header's value that is secret. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly pod: string;
  readonly host: string;
  readonly origin: string | undefined;
  readonly authorizations: number;
  readonly user: string | undefined;
  readonly upgrade: boolean;
}

export interface App extends PodApp {
  readonly requests: readonly SeenRequest[];
  /** Every connection to a pod is reset. */
  reset(pod?: string): void;
  /** From now on a pod shows another certificate. */
  newCertificate(): void;
}

const REQUESTS_KEPT = 10_000;
const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;
const DAY = millis(24 * 60 * 60 * 1000);

/** The demo's web UI: reached over port-forward streams only, so that it needs no port. */
export function createApp(system: System, whois: (token: string) => Person | undefined): App {
  const requests: SeenRequest[] = [];
  const streams = new Set<{ readonly pod: string; readonly stream: Duplex }>();
  const pods = new Map<string, Server>();
  const counts = new Map<string, number>();
  let certificate = makeCertificate(system);

  const personOf = (request: IncomingMessage): Person | undefined => {
    const lines = request.rawHeaders.filter(
      (_value, index) => index % 2 === 1 && request.rawHeaders[index - 1]?.toLowerCase() === "authorization",
    );
    const token = lines.length === 1 ? /^Bearer (.+)$/.exec(lines[0] ?? "")?.[1] : undefined;
    return token === undefined ? undefined : whois(token);
  };

  const authorizations = (request: IncomingMessage): number =>
    request.rawHeaders.filter((value, index) => index % 2 === 0 && value.toLowerCase() === "authorization")
      .length;

  const note = (request: IncomingMessage, pod: string, upgrade: boolean): void => {
    if (requests.length >= REQUESTS_KEPT) requests.shift();
    requests.push({
      method: request.method ?? "",
      url: request.url ?? "",
      pod,
      host: request.headers.host ?? "",
      origin: request.headers.origin,
      authorizations: authorizations(request),
      user: personOf(request)?.username,
      upgrade,
    });
  };

  const me = (request: IncomingMessage, pod: string): Readonly<Record<string, unknown>> | undefined => {
    const person = personOf(request);
    if (person === undefined) return undefined;
    return {
      user: person.username,
      groups: [...person.groups, "system:authenticated"],
      uid: person.uid,
      podName: pod,
      host: request.headers.host ?? "",
      scheme: request.socket instanceof TLSSocket ? "https" : "http",
      authorizationHeaderCount: authorizations(request),
      cookies: (request.headers.cookie ?? "")
        .split(";")
        .map((pair) => pair.split("=")[0]?.trim() ?? "")
        .filter((name) => name !== ""),
    };
  };

  const serverOf = (pod: string): Server => {
    const known = pods.get(pod);
    if (known !== undefined) return known;
    const server = createServer({ keepAliveTimeout: 60_000 });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      note(request, pod, false);
      const url = new URL(request.url ?? "/", "http://app");
      if (url.pathname === "/api/me") {
        const found = me(request, pod);
        if (found !== undefined) return sendJson(response, 200, found);
        response.setHeader("WWW-Authenticate", "Bearer");
        return sendJson(response, 401, { message: "who are you?" });
      }
      if (url.pathname === "/expire") return expire(request, response, url);
      return answerPath({ request, response, url, system });
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      note(request, pod, true);
      upgrade(request, socket, head, pod);
    });
    server.on("clientError", (_error, socket) => socket.destroy());
    pods.set(pod, server);
    return server;
  };

  /** 401 for the first `n` requests of each token and key. */
  const expire = (request: IncomingMessage, response: ServerResponse, url: URL): void => {
    const key = `${url.searchParams.get("key") ?? ""} ${request.headers.authorization ?? ""}`;
    const seen = (counts.get(key) ?? 0) + 1;
    counts.set(key, seen);
    const limit = Number(url.searchParams.get("n") ?? "1");
    sendJson(response, seen <= limit ? 401 : 200, { seen });
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, pod: string): void => {
    const url = new URL(request.url ?? "/", "http://app");
    if (url.pathname === "/ws/echo") {
      acceptWebSocket(request, socket, head, (peer, payload, opcode) => {
        const close = /^close (\d{4})$/.exec(payload.toString("latin1", 0, 16));
        if (close === null) peer.send(payload, opcode);
        else peer.close(Number(close[1]));
      });
      return;
    }
    const found = url.pathname === "/ws/whoami" ? me(request, pod) : undefined;
    if (found === undefined) {
      const status = url.pathname === "/ws/whoami" ? "401 Unauthorized" : "404 Not Found";
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const text = JSON.stringify(found);
    acceptWebSocket(request, socket, head, (peer) => peer.send(text)).send(text);
  };

  return {
    requests,
    reset: (pod) => {
      for (const each of streams) if (pod === undefined || each.pod === pod) each.stream.destroy();
    },
    newCertificate: () => {
      certificate = makeCertificate(system);
    },
    connect: (pod, port, stream) => {
      if (port !== HTTP_PORT && port !== HTTPS_PORT) return false;
      const entry = { pod: pod.name, stream };
      streams.add(entry);
      stream.once("close", () => streams.delete(entry));
      const server = serverOf(pod.name);
      if (port === HTTP_PORT) server.emit("connection", stream);
      else server.emit("connection", secured(stream, certificate));
      return true;
    },
  };
}

const makeCertificate = (system: System): { readonly cert: string; readonly key: string } => {
  const now = system.now();
  return selfSigned({
    commonName: "demo app",
    names: ["localhost"],
    notBefore: after(now, millis(-60_000)),
    notAfter: after(now, DAY),
    use: "server",
  });
};

const secured = (stream: Duplex, pair: { readonly cert: string; readonly key: string }): TLSSocket => {
  const socket = new TLSSocket(stream, { isServer: true, secureContext: createSecureContext(pair) });
  socket.on("error", () => stream.destroy());
  return socket;
};
