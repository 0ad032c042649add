import type { Server } from "node:http";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";
import { isBusy, type Connection } from "./connection.ts";

const STEP = millis(20);

/** Unmasked close frame with 1001, "going away" (RFC 6455 §7.4.1). */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
/** How long the other end of a WebSocket may take to close, in milliseconds. */
const GOODBYE_LIMIT = 500;

/** Stops accepting at once, then lets answers end, at most for `limit`; what is left then is cut (F30). */
export async function drainConnections(
  servers: readonly Server[],
  connections: ReadonlyMap<unknown, Connection>,
  options: { readonly system: System; readonly limit: Millis; readonly signal: AbortSignal },
): Promise<void> {
  const { system, limit, signal } = options;
  const deadline = system.monotonic() + limit;
  for (const server of servers) server.close();
  for (const connection of connections.values())
    if (connection.upgradedAt !== undefined) sayGoodbye(connection);
  while (connections.size > 0 && system.monotonic() < deadline && !signal.aborted) {
    for (const connection of connections.values()) {
      if (connection.upgradedAt !== undefined) continue;
      if (isBusy(connection)) {
        const { response } = connection;
        if (response !== undefined && !response.headersSent) response.shouldKeepAlive = false;
      } else connection.socket.destroySoon();
    }
    await system.sleep(STEP, signal).catch(() => undefined);
  }
  for (const connection of connections.values()) connection.socket.destroy();
}

const sayGoodbye = ({ socket, upgradedAt }: Connection): void => {
  // Before the 101 there is no WebSocket to close.
  if (socket.bytesWritten > (upgradedAt ?? 0)) socket.end(GOING_AWAY);
  else socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), GOODBYE_LIMIT);
  timer.unref();
};
