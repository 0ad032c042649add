import { createHash } from "node:crypto";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { problemOnSocket } from "../problem.ts";
import { startTimer } from "../timer.ts";
import type { Admitted } from "../types.ts";
import { problemOf } from "./outage.ts";
import { ResponseParser, type ResponseHead } from "./response-parser.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import type { Wire } from "./wire.ts";

/** RFC 6455 §1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Until the upstream has answered the handshake. */
const ANSWER_LIMIT = millis(60_000);
/** How long one side is waited for after the other has ended. */
const LINGER = millis(2_000);
/** A refusal's body is an error text. */
const REFUSAL_LIMIT = 1024 * 1024;

interface Outcome {
  readonly stream: UpstreamStream;
  readonly head: ResponseHead;
  /** With 101: what followed the head. Else: the whole body. */
  readonly parts: readonly Buffer[];
}

/** An upgrade of a client: the handshake with the upstream, then bytes both ways, untouched. */
export async function forwardUpgrade(
  wire: Wire,
  request: IncomingMessage,
  socket: Duplex,
  admitted: Admitted,
): Promise<void> {
  const abort = new AbortController();
  const gone = (): void => abort.abort(new KnownError("CLIENT_GONE", "The browser closed the connection"));
  socket.on("error", () => socket.destroy());
  socket.once("close", gone);
  try {
    let authorization = await wire.authorize(undefined);
    let outcome = await handshake(wire, request, admitted, authorization, abort);
    if (outcome.head.status === 401 && authorization.length > 0) {
      const rejected = authorization;
      authorization = await wire.authorize(rejected);
      if (authorization !== rejected) {
        outcome.stream.destroy();
        outcome = await handshake(wire, request, admitted, authorization, abort);
      }
    }
    if (socket.destroyed) {
      outcome.stream.destroy();
      return;
    }
    if (outcome.head.status === 101) await join(wire, request, socket, outcome);
    else relayRefusal(wire, socket, admitted, outcome);
  } catch (error) {
    if (!socket.destroyed)
      problemOnSocket(socket, problemOf(error, { navigation: false, fate: "harmless" }, wire));
  } finally {
    socket.off("close", gone);
  }
}

const handshake = async (
  wire: Wire,
  request: IncomingMessage,
  admitted: Admitted,
  authorization: RawHeaders,
  abort: AbortController,
): Promise<Outcome> => {
  const stream = await wire.dial(admitted.session, false, abort);
  return await new Promise<Outcome>((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    let head: ResponseHead | undefined;
    const settle = (act: () => void): void => {
      stopTimer();
      abort.signal.removeEventListener("abort", aborted);
      act();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        stream.destroy();
        reject(error);
      });
    const aborted = (): void => fail(abort.signal.reason);
    const stopTimer = startTimer(wire.system, ANSWER_LIMIT, () =>
      fail(new KnownError("UPSTREAM_LATE", "Cannot open a WebSocket: the UI did not answer in time")),
    );
    abort.signal.addEventListener("abort", aborted, { once: true });
    const parser = new ResponseParser(
      {
        onHead: (found) => {
          head = found;
        },
        onBody: (chunk) => {
          size += chunk.length;
          if (size > REFUSAL_LIMIT)
            throw new KnownError("UPSTREAM_INVALID", "The UI refused a WebSocket with too long a text");
          parts.push(chunk);
        },
        onComplete: () => {
          if (head !== undefined) finish(head);
        },
      },
      { method: request.method ?? "", upgrade: true },
    );
    const finish = (found: ResponseHead): void =>
      settle(() => {
        stream.duplex.pause();
        stream.release();
        resolve({ stream, head: found, parts });
      });
    const guarded = (act: () => void): void => {
      try {
        act();
        if (head?.status === 101) finish(head);
      } catch (error) {
        fail(error);
      }
    };
    stream.use({
      onData: (chunk) => guarded(() => parser.push(chunk)),
      onEnd: () => guarded(() => parser.end()),
      onFailure: fail,
    });
    stream.duplex.write(
      wire.head(request, admitted, { body: "none", authorization, upgrade: true }),
      "latin1",
    );
  });
};

const header = (head: ResponseHead, name: string): readonly string[] =>
  head.headers.filter((_value, index) => index % 2 === 1 && head.headers[index - 1]?.toLowerCase() === name);

/** RFC 6455 §4.1: what a client checks of a 101. @throws {KnownError} UPSTREAM_INVALID */
const checkAccept = (request: IncomingMessage, head: ResponseHead): void => {
  const key = request.headers["sec-websocket-key"] ?? "";
  const wanted = createHash("sha1").update(`${key}${ACCEPT_GUID}`).digest("base64");
  const accepts = header(head, "sec-websocket-accept");
  const upgrade = header(head, "upgrade").map((value) => value.toLowerCase());
  if (accepts.length !== 1 || accepts[0] !== wanted || !upgrade.includes("websocket"))
    throw new KnownError(
      "UPSTREAM_INVALID",
      "The UI's answer to a WebSocket does not belong to the question",
    );
};

const RETURNED: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
]);

const join = async (
  { system }: Wire,
  request: IncomingMessage,
  socket: Duplex,
  outcome: Outcome,
): Promise<void> => {
  const { stream, head, parts } = outcome;
  try {
    checkAccept(request, head);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (let index = 0; index + 1 < head.headers.length; index += 2) {
    const name = head.headers[index] ?? "";
    if (RETURNED.has(name.toLowerCase())) text += `${name}: ${head.headers[index + 1] ?? ""}\r\n`;
  }
  socket.write(`${text}\r\n`, "latin1");
  for (const part of parts) socket.write(part);
  await pipeBoth(system, socket, stream);
};

/** Ends when both sides are over, or some time after one is; an error on one side cuts the other. */
const pipeBoth = async (system: System, socket: Duplex, stream: UpstreamStream): Promise<void> => {
  const { duplex } = stream;
  await new Promise<void>((resolve) => {
    let stopTimer: (() => void) | undefined;
    let ended = false;
    const cut = (): void => {
      stopTimer?.();
      stream.destroy();
      socket.destroy();
      resolve();
    };
    // A tunnel passes no end on before both sides have one, so that a page that is gone would keep its stream for ever.
    const linger = (): void => {
      stopTimer ??= startTimer(system, LINGER, cut);
    };
    stream.use({
      onData: (chunk) => {
        if (socket.write(chunk)) return;
        duplex.pause();
        socket.once("drain", () => duplex.resume());
      },
      onEnd: () => {
        ended = true;
        socket.end(linger);
      },
      // A stream that has ended also closes, while the page may still have to read what it said.
      onFailure: () => {
        if (!ended) cut();
      },
    });
    socket.on("data", (chunk: Buffer) => {
      if (duplex.destroyed || duplex.write(chunk)) return;
      socket.pause();
      duplex.once("drain", () => socket.resume());
    });
    socket.once("end", () => {
      duplex.end();
      linger();
    });
    socket.once("close", cut);
    duplex.resume();
    socket.resume();
  });
};

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
