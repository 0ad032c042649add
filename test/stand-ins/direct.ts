import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { once } from "node:events";
import type { Answers } from "./pods.ts";

/** What happens to a request instead of its answer: a status, with a body; no answer; or the answer, later. */
export type Fault =
  | { readonly status: number; readonly type?: string; readonly body?: string }
  | { readonly header: readonly [string, string] }
  | { readonly later: number }
  | "drop";

/** A naive proxy before a stand-in: it adds a header, and does nothing of what a good one does. */
export interface Direct extends AsyncDisposable {
  readonly origin: string;
  /** What is sent as `Authorization`; nothing when it is empty. */
  authorization: string;
  fault: ((request: IncomingMessage) => Fault | undefined) | undefined;
  /** Every connection is reset. */
  cut(): void;
}

export async function serveDirectly(answers: Answers, authorization: string): Promise<Direct> {
  const sockets = new Set<Duplex>();
  const server = createServer();
  const added = (request: IncomingMessage): void => {
    if (direct.authorization !== "") request.rawHeaders.push("Authorization", direct.authorization);
  };
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    const fault = direct.fault?.(request);
    added(request);
    if (fault === undefined) answers.request(request, response, "direct");
    else if (fault === "drop") request.socket.destroy();
    else if ("later" in fault) setTimeout(() => answers.request(request, response, "direct"), fault.later);
    else if ("header" in fault) {
      response.setHeader(...fault.header);
      answers.request(request, response, "direct");
    } else {
      response.writeHead(fault.status, { "Content-Type": fault.type ?? "text/plain" });
      response.end(fault.body ?? "a fault");
    }
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    added(request);
    if (direct.fault?.(request) === undefined) answers.upgrade(request, socket, head, "direct");
    else socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const direct: Direct = {
    origin: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    authorization,
    fault: undefined,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return direct;
}
