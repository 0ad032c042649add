import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { KnownError } from "../../base/errors.ts";
import { flatValuesOf, type RawHeaders } from "../../base/headers.ts";
import { millis, type Millis } from "../../base/units.ts";
import { startTimer } from "../timer.ts";
import type { Admitted } from "../types.ts";
import { Gathered } from "./gathered.ts";
import { ResponseParser, type ResponseHead } from "./response-parser.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import type { Wire } from "./wire.ts";

/** RFC 6455 §1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Until the upstream has answered the handshake. */
const ANSWER_LIMIT = millis(60_000);
/** A refusal's body is an error text. */
const REFUSAL_LIMIT = 1024 * 1024;

export interface Outcome {
  readonly stream: UpstreamStream;
  readonly head: ResponseHead;
  /** With 101: what followed the head. Else: the whole body. */
  readonly parts: readonly Buffer[];
}

const EXTENSIONS: ReadonlySet<string> = new Set(["sec-websocket-extensions"]);

export interface HandshakeWishes {
  readonly authorization: RawHeaders;
  readonly abort: AbortController;
  /** Path and query, where it is not the request's own. */
  readonly target?: string;
  /** Offers no extension, so that frames can be read. */
  readonly readable?: boolean;
  /** How long it waits for a stream. Default: as long as a read. */
  readonly limit?: Millis;
}

/** Asks the upstream for a WebSocket. @throws {KnownError} */
export const handshake = async (
  wire: Wire,
  request: IncomingMessage,
  admitted: Admitted,
  wishes: HandshakeWishes,
): Promise<Outcome> => {
  const { abort, authorization } = wishes;
  // What cannot be said opens nothing.
  const asked = wire.head(request, admitted, {
    body: "none",
    authorization,
    upgrade: true,
    ...(wishes.target === undefined ? {} : { target: wishes.target }),
    ...(wishes.readable === true ? { without: EXTENSIONS } : {}),
  });
  const stream = await wire.dial(admitted.session, false, abort, wishes.limit);
  return await new Promise<Outcome>((resolve, reject) => {
    const body = new Gathered();
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
          body.add(chunk);
          if (body.size > REFUSAL_LIMIT)
            throw new KnownError("UPSTREAM_INVALID", "The UI refused a WebSocket with too long a text");
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
        resolve({ stream, head: found, parts: body.size === 0 ? [] : [body.take()] });
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
    stream.duplex.write(asked, "latin1");
  });
};

/** RFC 6455 §4.1: what a client checks of a 101. @throws {KnownError} UPSTREAM_INVALID; nothing is left open then */
export const checkAccept = (request: IncomingMessage, { head, stream }: Outcome): void => {
  const key = request.headers["sec-websocket-key"] ?? "";
  const wanted = createHash("sha1").update(`${key}${ACCEPT_GUID}`).digest("base64");
  const accepts = flatValuesOf(head.headers, "sec-websocket-accept");
  const upgrade = flatValuesOf(head.headers, "upgrade").map((value) => value.toLowerCase());
  if (accepts.length !== 1 || accepts[0] !== wanted || !upgrade.includes("websocket")) {
    stream.destroy();
    throw new KnownError(
      "UPSTREAM_INVALID",
      "The UI's answer to a WebSocket does not belong to the question",
    );
  }
};
