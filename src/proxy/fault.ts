import type { Duplex } from "node:stream";
import { systemCode } from "../base/errors.ts";
import { writePage } from "./answer.ts";
import { isBusy, type Connection } from "./connection.ts";
import { parserRefusal } from "./refusal.ts";

/**
 * Ends a connection whose bytes the parser refused, or that ran out of time. Answers that were asked for before
 * are finished first; nothing of ours is ever written into the middle of one.
 */
export function endFaulty(socket: Duplex, error: unknown, connection: Connection | undefined): void {
  const page = parserRefusal(systemCode(error));
  if (connection?.trusted !== true || page === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  if (connection.poisoned) return;
  connection.poisoned = true;
  const { request, response } = connection;
  if (!isBusy(connection) || request === undefined || response === undefined) {
    writePage(socket, page);
    return;
  }
  if (request.complete) {
    response.shouldKeepAlive = false;
    response.once("close", () => socket.destroy());
    return;
  }
  // The body is what is broken: whoever forwards it must see that it never ends.
  if (response.headersSent) socket.destroy();
  else writePage(socket, page);
}
