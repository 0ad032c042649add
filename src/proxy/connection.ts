import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { PeerUids } from "../base/peer-uid.ts";

/** What we know of one accepted connection. */
export interface Connection {
  readonly socket: Socket;
  /** Whether the other end belongs to us or to root; undefined until that is known. */
  trusted: boolean | undefined;
  /** Settles when `trusted` is known. */
  decided: Promise<void>;
  /** The last request on it. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** Requests that came before earlier ones were answered, and are not answered themselves. */
  queued: number;
  /** Sessions that have asked for something on it. When one of them ends, so does the connection. */
  readonly sessions: Set<string>;
  /** It carries something else than HTTP now; bytes that had been written when it was taken over. */
  upgradedAt: number | undefined;
  /** Something on it was refused. What came after that in the same bytes is not looked at any more. */
  refused: boolean;
}

const DECIDED: Promise<void> = Promise.resolve();

export interface ConnectionOptions {
  readonly uids: PeerUids | undefined;
  readonly uid: number | undefined;
  /** Told about a connection of another user, which is reset. */
  readonly onStranger: (uid: number | undefined) => void;
}

/** Asks once for each connection whose it is (security.md R-C4). Requests on it wait for the answer. */
export function openConnection(socket: Socket, options: ConnectionOptions): Connection {
  const connection: Connection = {
    socket,
    trusted: options.uids === undefined ? true : undefined,
    decided: DECIDED,
    request: undefined,
    response: undefined,
    queued: 0,
    sessions: new Set(),
    upgradedAt: undefined,
    refused: false,
  };
  // The HTTP server takes its own listener off at an upgrade; a socket's error must never end the process.
  socket.on("error", () => socket.destroy());
  if (options.uids !== undefined)
    connection.decided = uidOf(socket, options.uids).then((uid) => {
      connection.trusted = uid !== undefined && (uid === options.uid || uid === 0);
      if (connection.trusted) return;
      if (!socket.destroyed) options.onStranger(uid);
      socket.resetAndDestroy();
    });
  return connection;
}

const uidOf = async (socket: Socket, uids: PeerUids): Promise<number | undefined> => {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return await uids.uidOf(
    { address: remoteAddress, port: remotePort },
    { address: localAddress, port: localPort },
  );
};

/** An answer on it is not finished. */
export const isBusy = ({ response }: Connection): boolean =>
  response !== undefined && !response.writableFinished && !response.destroyed;

/** Lets the answers that were asked for be sent, looks at nothing more, and then ends. */
export const endAfterAnswers = (connection: Connection): void => {
  const { response, socket } = connection;
  connection.refused = true;
  if (response === undefined) return;
  response.shouldKeepAlive = false;
  response.once("close", () => socket.destroySoon());
};
