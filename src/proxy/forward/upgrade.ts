import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";
import { problemOnSocket } from "../problem.ts";
import type { Admitted } from "../types.ts";
import type { EventMemory } from "./gathered.ts";
import { handshake, type Outcome } from "./handshake.ts";
import { join } from "./join.ts";
import { opening } from "./opening.ts";
import { problemOf } from "./outage.ts";
import { askedOf } from "./waiting.ts";
import { keepWatch } from "./watch-socket.ts";
import type { Wire } from "./wire.ts";

export interface Upgrade {
  readonly wire: Wire;
  readonly memory: EventMemory;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly admitted: Admitted;
}

/** An upgrade of a client: the handshake with the upstream, then bytes both ways, untouched. */
export async function forwardUpgrade({ wire, memory, request, socket, admitted }: Upgrade): Promise<void> {
  const abort = new AbortController();
  const gone = (): void => abort.abort(new KnownError("CLIENT_GONE", "The browser closed the connection"));
  socket.on("error", () => socket.destroy());
  socket.once("close", gone);
  const resumable = wire.hooks?.resumable?.(askedOf(request, true));
  const readable = resumable !== undefined;
  let askedAt = wire.system.monotonic();
  const shake = async (authorization: RawHeaders): Promise<Outcome> => {
    const wishes = { authorization, abort, readable };
    // What is no watch may start something, as `exec` does: it is asked once, and not long after (security.md R-N5).
    if (!readable) {
      const left = wire.limits.change - (wire.system.monotonic() - askedAt);
      if (left <= 0)
        throw new KnownError("UPSTREAM_LATE", "Cannot open a WebSocket: it was held for too long");
      return await handshake(wire, request, admitted, { ...wishes, limit: millis(left) });
    }
    return await opening(
      wire,
      abort.signal,
      async (limit) => await handshake(wire, request, admitted, { ...wishes, limit }),
    );
  };
  try {
    let authorization = await wire.authorize(undefined);
    let outcome = await shake(authorization);
    if (outcome.head.status === 401 && authorization.length > 0) {
      const rejected = authorization;
      const { stream } = outcome;
      authorization = await wire.authorize(rejected).catch((error: unknown) => {
        stream.destroy();
        throw error;
      });
      if (authorization !== rejected) {
        outcome.stream.destroy();
        askedAt = wire.system.monotonic();
        outcome = await shake(authorization);
      }
    }
    if (socket.destroyed) {
      outcome.stream.destroy();
      return;
    }
    if (outcome.head.status !== 101) relayRefusal(wire, socket, admitted, outcome);
    else if (resumable === undefined) await join(wire, request, socket, outcome);
    else
      await keepWatch({ wire, memory, request, socket, admitted, resumable, abort }, outcome, authorization);
  } catch (error) {
    if (socket.destroyed) return;
    if (readable) wire.hooks?.lost?.(admitted.session);
    problemOnSocket(socket, problemOf(error, { navigation: false, fate: "harmless" }, wire));
  } finally {
    socket.off("close", gone);
  }
}

/** An error goes to the client and the connection ends; a success without 101 is no answer (security.md R-F3). */
const relayRefusal = (wire: Wire, socket: Duplex, admitted: Admitted, outcome: Outcome): void => {
  const { stream, head, parts } = outcome;
  stream.destroy();
  if (head.status < 400)
    throw new KnownError("UPSTREAM_INVALID", `The UI answered a WebSocket with status ${head.status}`);
  const { headers } = wire.returned(head, admitted);
  const body = Buffer.concat(parts);
  let text = `HTTP/1.1 ${head.status} ${STATUS_CODES[head.status] ?? "Unknown"}\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.toLowerCase() !== "content-length") text += `${name}: ${headers[index + 1] ?? ""}\r\n`;
  }
  socket.write(`${text}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`, "latin1");
  socket.end(body);
};
