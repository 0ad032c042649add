import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import { join } from "node:path";
import type { Kit } from "./kit.ts";

/** What a UI's back end does with `/clusters/main/…`: strips the prefix and passes it on to the API server. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Lines of `Authorization` that each request brought. */
  readonly authorizations: readonly number[];
}

const PREFIX = "/clusters/main";

export async function startRelay(kit: Kit, port: number): Promise<Relay> {
  const server = new URL(kit.server);
  const ca = await readFile(join(kit.pki, "ca.crt"), "utf8");
  const authorizations: number[] = [];
  const headersOf = (request: IncomingMessage): string[] => {
    const names = request.rawHeaders.filter((_value, at) => at % 2 === 0).map((name) => name.toLowerCase());
    authorizations.push(names.filter((name) => name === "authorization").length);
    return request.rawHeaders.filter(
      (_value, at) => (request.rawHeaders[at - (at % 2)] ?? "").toLowerCase() !== "host",
    );
  };
  const relay = createServer((request, response) => {
    if (request.url?.startsWith(`${PREFIX}/`) !== true) {
      response.end("ok");
      return;
    }
    const headers = headersOf(request);
    const asked = secureRequest(
      {
        host: server.hostname,
        port: server.port,
        ca,
        agent: false,
        method: request.method,
        path: request.url.slice(PREFIX.length),
        headers: ["Host", server.host, ...headers],
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        response.flushHeaders();
        answer.on("error", () => response.destroy());
        answer.pipe(response);
      },
    );
    asked.once("error", () => {
      if (response.headersSent) response.destroy();
      else {
        response.writeHead(502);
        response.end();
      }
    });
    response.once("close", () => asked.destroy());
    request.pipe(asked);
  });
  relay.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const headers = headersOf(request);
    const far = connect({ host: server.hostname, port: Number(server.port), ca }, () => {
      const lines = [`GET ${(request.url ?? "").slice(PREFIX.length)} HTTP/1.1`, `Host: ${server.host}`];
      for (let at = 0; at + 1 < headers.length; at += 2) {
        const name = headers[at] ?? "";
        // The API server compares it with its own name.
        if (name.toLowerCase() !== "origin") lines.push(`${name}: ${headers[at + 1] ?? ""}`);
      }
      far.write(`${lines.join("\r\n")}\r\nOrigin: ${server.origin}\r\n\r\n`);
      far.pipe(socket);
      socket.pipe(far);
    });
    far.once("error", () => socket.destroy());
    far.once("close", () => socket.destroy());
    socket.once("error", () => far.destroy());
    socket.once("close", () => far.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    relay.once("error", reject);
    relay.listen(port, "127.0.0.1", resolve);
  });
  return {
    port,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      relay.closeAllConnections();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
