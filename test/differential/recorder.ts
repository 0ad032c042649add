import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { Server, Socket } from "node:net";
import { TLSSocket, type PeerCertificate } from "node:tls";
import type { IssuedCertificate } from "../../src/base/x509.ts";

/** What an API server saw of one request. */
export interface Seen {
  readonly request: string;
  readonly host: string;
  /** The name that TLS was asked for; undefined over plain http. */
  readonly sni: string | undefined;
  /** The subject of the client certificate. */
  readonly certificate: string | undefined;
  /** Headers that say who asks, and what is wanted: `Name: value`, names in small letters, in order. */
  readonly identity: readonly string[];
}

/** The status of an answer to the request of that number, from 0. */
export type Answer = (seen: Seen, number: number) => number;

export interface Recorder extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Everything since the last call. */
  take(): readonly Seen[];
  answer(answer: Answer): void;
}

const IDENTITY = /^(?:authorization|proxy-authorization|impersonate-.*|cookie)$/;

const identityOf = (request: IncomingMessage): readonly string[] => {
  const found: string[] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]?.toLowerCase() ?? "";
    if (IDENTITY.test(name)) found.push(`${name}: ${request.rawHeaders[at + 1]}`);
  }
  // Between different headers the order means nothing (RFC 9110 §5.3); `toSorted` keeps it within one name.
  return found.toSorted((left, right) => {
    const [one = "", two = ""] = [left.split(":")[0], right.split(":")[0]];
    return one < two ? -1 : one > two ? 1 : 0;
  });
};

const subjectOf = (socket: Socket): string | undefined => {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return subject === undefined
    ? undefined
    : Object.entries(subject)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(",");
};

/** What the client called us in TLS; "" for nothing. */
const nameOf = (socket: TLSSocket & { readonly servername?: string | false }): string =>
  socket.servername === undefined || socket.servername === false ? "" : socket.servername;

const seenOf = (request: IncomingMessage): Seen => {
  const { socket } = request;
  return {
    request: `${request.method} ${request.url}`,
    host: request.headers.host ?? "",
    sni: socket instanceof TLSSocket ? nameOf(socket) : undefined,
    certificate: subjectOf(socket),
    identity: identityOf(request),
  };
};

const REVIEW = {
  kind: "SelfSubjectReview",
  apiVersion: "authentication.k8s.io/v1",
  metadata: { creationTimestamp: null },
  status: { userInfo: { username: "somebody", groups: ["system:authenticated"] } },
};

const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  429: "TooManyRequests",
  500: "InternalError",
};

const bodyOf = (status: number): unknown =>
  status < 300
    ? REVIEW
    : {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: REASONS[status],
        reason: REASONS[status],
        code: status,
      };

/** An API server that writes down who asks. With a certificate it speaks TLS and asks for the client's. */
export async function record(certificate?: IssuedCertificate): Promise<Recorder> {
  let seen: Seen[] = [];
  let answer: Answer = () => 201;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const one = seenOf(request);
    seen.push(one);
    request.resume().once("end", () => {
      const status = answer(one, seen.length - 1);
      // A new connection for each request, so that each shows its certificate.
      response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
      response.end(JSON.stringify(bodyOf(status)));
    });
  };
  const server: Server =
    certificate === undefined
      ? createPlain(handle)
      : createSecure(
          { cert: certificate.cert, key: certificate.key, requestCert: true, rejectUnauthorized: false },
          handle,
        );
  server.on("tlsClientError", () => undefined);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    take: () => {
      const taken = seen;
      seen = [];
      return taken;
    },
    answer: (next) => (answer = next),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
