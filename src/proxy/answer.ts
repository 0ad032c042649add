import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import type { OwnPage } from "./pages/document.ts";
import { startTimer } from "./timer.ts";

/** How long a client may take to read an answer of ours, which is a few kilobytes; F17 wants it gone within 12 s. */
const TAKE_LIMIT = millis(10_000);

/**
 * Calls back when an answer is over: sent, or its connection closed, which Node 22 does not tell an answer that waits
 * behind another one. May call twice.
 */
export function whenOver(response: ServerResponse, then: () => void): void {
  response.once("close", then);
  if (response.socket !== null) return;
  const { socket } = response.req;
  socket.once("close", then);
  response.once("close", () => socket.off("close", then));
}

/**
 * Sends an answer of our own. `close` ends the connection after it; that is also done when the request's body has
 * not arrived yet, since nobody will read it.
 */
export function sendPage(
  response: ServerResponse,
  page: OwnPage,
  system: Pick<System, "sleep">,
  close = false,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { req: request } = response;
  const headers = [...page.headers];
  // RFC 9110 §8.6: a 204 has no length.
  if (page.status !== 204) headers.push("Content-Length", String(Buffer.byteLength(page.body)));
  if (close || (!request.complete && hasBody(request))) headers.push("Connection", "close");
  whenOver(
    response,
    startTimer(system, TAKE_LIMIT, () => request.socket.destroy()),
  );
  response.writeHead(page.status, headers);
  response.end(request.method === "HEAD" ? undefined : page.body);
  // What is still to come is thrown away, so that the client is not cut off before it has read the answer.
  request.resume();
}

/** A request that has none is also not complete yet while its head is looked at. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

/** How long a client may take to read a refusal, in milliseconds; it is a few hundred bytes. */
const FAREWELL_LIMIT = 2_000;

/** The same on a bare socket, after which the connection always ends. */
export function writePage(socket: Duplex, page: OwnPage): void {
  if (socket.destroyed || socket.writableEnded) {
    socket.destroy();
    return;
  }
  const lines = [`HTTP/1.1 ${page.status} ${STATUS_CODES[page.status] ?? "Error"}`];
  for (let index = 0; index + 1 < page.headers.length; index += 2)
    lines.push(`${page.headers[index] ?? ""}: ${page.headers[index + 1] ?? ""}`);
  lines.push(`Date: ${new Date().toUTCString()}`);
  lines.push(`Content-Length: ${Buffer.byteLength(page.body)}`, "Connection: close", "", page.body);
  const timer = setTimeout(() => socket.destroy(), FAREWELL_LIMIT);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.on("error", () => socket.destroy());
  socket.end(lines.join("\r\n"), () => socket.destroy());
}
