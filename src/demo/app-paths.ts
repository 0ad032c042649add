import { createHash } from "node:crypto";
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { sendJson } from "./answer.ts";
import { PAGE, SCRIPT, STYLE } from "./page.ts";

export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly system: System;
}

type Handler = (visit: Visit) => void | Promise<void>;

/** The kit's app has the same paths, so that tests can run on both. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  "/": ({ response }) => sendText(response, "text/html; charset=utf-8", PAGE),
  "/style.css": ({ response }) => sendText(response, "text/css; charset=utf-8", STYLE),
  "/app.js": ({ response }) => sendText(response, "text/javascript; charset=utf-8", SCRIPT),
  "/healthz": ({ response }) => sendText(response, "text/plain; charset=utf-8", "ok\n"),
  "/readyz": ({ response }) => sendText(response, "text/plain; charset=utf-8", "ok\n"),
  "/echo": async ({ request, response }) => {
    const body = await readAll(request);
    sendJson(response, 200, {
      line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      headers: request.rawHeaders,
      length: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
  },
  "/upload": async ({ request, response, url, system }) => {
    await system.sleep(millis(Number(url.searchParams.get("ms") ?? "0")));
    const hash = createHash("sha256");
    let length = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      hash.update(part);
    }
    sendJson(response, 200, { length, sha256: hash.digest("hex") });
  },
  "/bytes": async ({ response, url }) => {
    const size = Number(url.searchParams.get("n") ?? "0");
    response.writeHead(200, url.searchParams.has("chunked") ? {} : { "Content-Length": size });
    for (let sent = 0; sent < size && !response.destroyed; sent += BLOCK.length)
      if (!response.write(BLOCK.subarray(0, Math.min(BLOCK.length, size - sent)))) await drained(response);
    response.end();
  },
  "/slow": async ({ response, url, system }) => {
    await system.sleep(millis(Number(url.searchParams.get("ms") ?? "0")));
    response.writeHead(200);
    response.flushHeaders();
    await system.sleep(millis(Number(url.searchParams.get("body") ?? "0")));
    response.end("slow\n");
  },
  "/sse": ({ request, response, url }) => {
    const limit = Number(url.searchParams.get("n") ?? Number.POSITIVE_INFINITY);
    const start = Number(request.headers["last-event-id"] ?? "0");
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.flushHeaders();
    let id = start;
    const timer = setInterval(
      () => {
        id += 1;
        response.write(`id: ${id}\ndata: event ${id}\n\n`);
        if (id - start >= limit) response.end();
      },
      Number(url.searchParams.get("ms") ?? "1000"),
    );
    response.once("close", () => clearInterval(timer));
  },
  "/cookie": ({ request, response }) => {
    response.setHeader("Set-Cookie", [
      "session=1; Path=/; HttpOnly",
      "wide=1; Domain=localhost; Path=/",
      "token=stale; Path=/",
      "headlamp-auth-main.0=stale; Path=/",
      "__Host-kauth-evil=1; Secure; Path=/",
    ]);
    sendJson(response, 200, { cookie: request.headers.cookie ?? "" });
  },
  "/redirect": ({ response, url }) => {
    response.writeHead(Number(url.searchParams.get("code") ?? "302"), {
      Location: url.searchParams.get("to") ?? "/",
    });
    response.end();
  },
  "/chunked": async ({ response, url, system }) => {
    for (let part = 0; part < Number(url.searchParams.get("n") ?? "3"); part++) {
      response.write(`part ${part}\n`);
      await system.sleep(millis(Number(url.searchParams.get("ms") ?? "0")));
    }
    response.end();
  },
  "/trailers": ({ response }) => {
    response.writeHead(200, { Trailer: "X-Trailer" });
    response.write("body\n");
    response.addTrailers({ "X-Trailer": "1" });
    response.end();
  },
  "/gzip": ({ response }) => {
    response.writeHead(200, { "Content-Encoding": "gzip" });
    response.end(gzipSync("zipped\n"));
  },
  "/big-header": ({ response, url }) => {
    response.writeHead(200, { "X-Big": "x".repeat(Number(url.searchParams.get("size") ?? "1024")) });
    response.end("big\n");
  },
  "/hang": () => undefined,
  "/reset": ({ response, url }) => {
    if (url.searchParams.get("how") !== "none") response.write("cut");
    setImmediate(() => response.destroy());
  },
};

/** A byte's value tells its place, as in the kit's app: (i ^ i>>8) & 255. */
const BLOCK = ((): Buffer => {
  const block = Buffer.alloc(65_536);
  for (let index = 0; index < block.length; index++) block[index] = (index ^ (index >> 8)) & 255;
  return block;
})();

const ECHO_LIMIT = 16 * 1024 * 1024;

const readAll = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > ECHO_LIMIT) throw new RangeError("too large to echo");
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const drained = async (response: ServerResponse): Promise<void> =>
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.once("drain", done).once("close", done);
  });

const sendText = (response: ServerResponse, type: string, text: string): void => {
  response.writeHead(200, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "Content-Security-Policy": "default-src 'self'",
    "Cache-Control": "no-store",
  });
  response.end(text);
};

export function answerPath(visit: Visit): void {
  const { response, url } = visit;
  const status = /^\/status\/(\d{3})$/.exec(url.pathname)?.[1];
  if (status !== undefined)
    return sendJson(response, Number(status), { status: STATUS_CODES[Number(status)] });
  const handler = Object.hasOwn(HANDLERS, url.pathname) ? HANDLERS[url.pathname] : undefined;
  if (handler === undefined) return sendJson(response, 404, { message: "there is no such page" });
  response.on("error", () => response.destroy());
  void (async () => {
    try {
      await handler(visit);
    } catch {
      response.destroy();
    }
  })();
  return undefined;
}
