import type { Duplex } from "node:stream";
import { systemCode } from "../base/errors.ts";
import { writePage } from "./answer.ts";
import { endAfterAnswers, isBusy, type Connection } from "./connection.ts";
import type { OwnPage } from "./pages/document.ts";
import { parserRefusal } from "./refusal.ts";

/**
 * Ends a connection whose bytes the parser refused, or that ran out of time. Answers that were asked for before
 * are finished first; nothing of ours is ever written into the middle of one.
 */
export function endFaulty(socket: Duplex, error: unknown, connection: Connection | undefined): void {
  const page = parserRefusal(systemCode(error));
  if (connection === undefined || page === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  if (connection.refused) return;
  connection.refused = true;
  if (connection.trusted === true) answerFault(connection, page);
  else
    void connection.decided.then(() =>
      connection.trusted === true ? answerFault(connection, page) : undefined,
    );
}

const answerFault = (connection: Connection, page: OwnPage): void => {
  const { request, response, socket } = connection;
  if (!isBusy(connection) || request === undefined || response === undefined) {
    writePage(socket, page);
    return;
  }
  if (request.complete) {
    endAfterAnswers(connection);
    return;
  }
  // The body is what is broken: whoever forwards it must see that it never ends.
  if (response.headersSent) socket.destroy();
  else writePage(socket, page);
};
