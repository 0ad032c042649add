import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecure } from "node:https";
import {
  connect,
  createServer as createRaw,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTls, type TLSSocket } from "node:tls";
import type { IssuedCertificate } from "../src/base/x509.ts";

/** Proxies as companies have them, on 127.0.0.1. Loopback is never proxied, so tests use made-up names. */

export interface ProxyOptions {
  /** Where a name really is; undefined: the proxy refuses. Default: 127.0.0.1 and the port that was asked for. */
  readonly route?: (
    host: string,
    port: number,
  ) => { readonly host: string; readonly port: number } | undefined;
  /** Who may pass. Default: everybody. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Makes it an HTTPS proxy. */
  readonly certificate?: IssuedCertificate;
  /** An HTTPS proxy that asks who its clients are: PEM. They may stay silent. */
  readonly clientAuthority?: string;
}

export interface TestProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without user name and password. */
  readonly url: string;
  readonly port: number;
  /** `HOST:PORT` of everything that was asked for, refused or not; an `http://` URL where it was forwarded. */
  readonly asked: readonly string[];
  /** The head of the last request, name and value in turn. */
  readonly lastHeaders: readonly string[];
  /** The common name of each client certificate that was shown; undefined for none. */
  readonly shown: readonly (string | undefined)[];
}

const LOOPBACK = "127.0.0.1";

interface State {
  readonly asked: string[];
  readonly shown: (string | undefined)[];
  lastHeaders: readonly string[];
}

const newState = (): State => ({ asked: [], shown: [], lastHeaders: [] });

const serve = async (server: NetServer, scheme: string, state: State): Promise<TestProxy> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://${LOOPBACK}:${port}`,
    port,
    asked: state.asked,
    shown: state.shown,
    get lastHeaders() {
      return state.lastHeaders;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const splitAuthority = (authority: string): readonly [host: string, port: number] => {
  const [, host = "", port = ""] = /^\[?([^\]]*)\]?:(\d+)$/.exec(authority) ?? [];
  return [host, Number(port)];
};

const join = (left: Duplex, right: Duplex): void => {
  left.on("error", () => right.destroy());
  right.on("error", () => left.destroy());
  left.once("close", () => right.destroy());
  right.once("close", () => left.destroy());
  left.pipe(right).pipe(left);
};

const local = (_host: string, port: number): { readonly host: string; readonly port: number } => ({
  host: LOOPBACK,
  port,
});

/** An HTTP proxy: CONNECT, and plain http with the whole URL. With a certificate it speaks TLS itself. */
export async function connectProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const { credentials, certificate } = options;
  const route = options.route ?? local;
  const state = newState();
  const wanted =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  const mayPass = (request: IncomingMessage): boolean => {
    state.lastHeaders = request.rawHeaders;
    return wanted === undefined || request.headers["proxy-authorization"] === wanted;
  };
  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    state.asked.push(request.url ?? "");
    if (!mayPass(request)) {
      response.writeHead(407, { "Proxy-Authenticate": "Basic" }).end();
      return;
    }
    const url = new URL(request.url ?? "", "http://not-absolute.invalid");
    const place = route(url.hostname, Number(url.port === "" ? 80 : url.port));
    if (place === undefined) {
      response.writeHead(403).end();
      return;
    }
    const headers = request.rawHeaders.filter(
      (_text, index, all) => !/^proxy-/i.test(all[index - (index % 2)] ?? ""),
    );
    const sent = httpRequest({
      ...place,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers,
    });
    sent.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    sent.once("error", () => response.destroy());
    request.pipe(sent);
  };
  const server: Server =
    certificate === undefined
      ? createServer(forward)
      : createSecure(
          {
            cert: certificate.cert,
            key: certificate.key,
            ...(options.clientAuthority === undefined
              ? {}
              : { ca: options.clientAuthority, requestCert: true, rejectUnauthorized: false }),
          },
          forward,
        );
  server.on("secureConnection", (socket: TLSSocket) =>
    state.shown.push(socket.getPeerCertificate().subject?.CN),
  );
  server.on("tlsClientError", () => undefined);
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => client.destroy());
    const authority = request.url ?? "";
    state.asked.push(authority);
    if (!mayPass(request)) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
      return;
    }
    const place = route(...splitAuthority(authority));
    if (place === undefined) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const target = connect(place);
    target.once("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    target.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (head.length > 0) target.write(head);
      join(client, target);
    });
  });
  return await serve(server, certificate === undefined ? "http" : "https", state);
}

/** A SOCKS5 proxy (RFC 1928, RFC 1929). */
export async function socksProxy(
  options: Omit<ProxyOptions, "certificate" | "clientAuthority"> = {},
): Promise<TestProxy> {
  const { credentials } = options;
  const route = options.route ?? local;
  const state = newState();
  const method = credentials === undefined ? 0 : 2;
  const server = createRaw((client) => {
    void (async () => {
      const read = reader(client);
      const [, count = 0] = await read(2);
      const methods = await read(count);
      if (!methods.includes(method)) {
        client.end(Buffer.from([5, 0xff]));
        return;
      }
      client.write(Buffer.from([5, method]));
      if (credentials !== undefined) {
        const [, nameLength = 0] = await read(2);
        const name = (await read(nameLength)).toString();
        const [passwordLength = 0] = await read(1);
        const password = (await read(passwordLength)).toString();
        const good = name === credentials.username && password === credentials.password;
        client.write(Buffer.from([1, good ? 0 : 1]));
        if (!good) {
          client.end();
          return;
        }
      }
      const [, , , kind] = await read(4);
      const host = await readHost(kind ?? 0, read);
      const port = (await read(2)).readUInt16BE();
      state.asked.push(`${host}:${port}`);
      const place = route(host, port);
      if (place === undefined) {
        client.end(Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]));
        return;
      }
      const target = connect(place);
      target.once("error", () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
      target.once("connect", () => {
        client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
        join(client, target);
      });
    })().catch(() => client.destroy());
  });
  return await serve(server, "socks5", state);
}

type Read = (size: number) => Promise<Buffer>;

const readHost = async (kind: number, read: Read): Promise<string> => {
  if (kind === 1) return [...(await read(4))].join(".");
  if (kind === 4) return ((await read(16)).toString("hex").match(/.{4}/g) ?? []).join(":");
  const [length = 0] = await read(1);
  return (await read(length)).toString("latin1");
};

const reader =
  (socket: Socket): Read =>
  async (size) => {
    for (;;) {
      if (size === 0) return Buffer.alloc(0);
      const got = socket.read(size) as Buffer | null;
      if (got !== null) return got;
      if (socket.readableEnded || socket.destroyed) throw new Error("the client went");
      await new Promise<void>((resolve) => {
        const go = (): void => {
          socket.off("readable", go).off("end", go).off("close", go);
          resolve();
        };
        socket.once("readable", go).once("end", go).once("close", go);
      });
    }
  };

/** A proxy that answers the first bytes with the given ones, for what no proxy should say. */
export async function strangeProxy(
  answer: (socket: Socket) => void,
  certificate?: IssuedCertificate,
): Promise<TestProxy> {
  const state = newState();
  const handle = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (first: Buffer) => {
      state.asked.push(first.toString("latin1"));
      answer(socket);
    });
  };
  const server =
    certificate === undefined
      ? createRaw(handle)
      : createTls({ cert: certificate.cert, key: certificate.key }, handle);
  return await serve(server, certificate === undefined ? "http" : "https", state);
}
