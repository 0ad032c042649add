import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { startTimer } from "../timer.ts";
import { checkAccept, type Outcome } from "./handshake.ts";
import type { ResponseHead } from "./response-parser.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import { closeFrame, FrameReader, SERVICE_RESTART } from "./websocket-frames.ts";
import type { Wire } from "./wire.ts";

/** How long one side is waited for after the other has ended. */
const LINGER = millis(2_000);

const RETURNED: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
]);

/** What the browser hears of the upstream's 101. */
export const switching = (head: ResponseHead): string => {
  let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (let index = 0; index + 1 < head.headers.length; index += 2) {
    const name = head.headers[index] ?? "";
    if (RETURNED.has(name.toLowerCase())) text += `${name}: ${head.headers[index + 1] ?? ""}\r\n`;
  }
  return `${text}\r\n`;
};

/** Joins a WebSocket of any kind: bytes both ways, untouched. */
export const join = async (
  { system }: Wire,
  request: IncomingMessage,
  socket: Duplex,
  outcome: Outcome,
): Promise<void> => {
  const { stream, head, parts } = outcome;
  checkAccept(request, outcome);
  socket.write(switching(head), "latin1");
  await pipeBoth(system, socket, { stream, parts });
};

const NOTHING = Buffer.alloc(0);

/** Ends when both sides are over, or some time after one is; an error on one side cuts the other. */
const pipeBoth = async (
  system: System,
  socket: Duplex,
  { stream, parts }: { readonly stream: UpstreamStream; readonly parts: readonly Buffer[] },
): Promise<void> => {
  const { duplex } = stream;
  const frames = new FrameReader({ piece: () => undefined });
  /** Whether the client takes more. */
  const hand = (chunk: Buffer): boolean => {
    frames.push(chunk);
    return socket.write(chunk);
  };
  for (const part of parts) hand(part);
  /** The page must not take a cut for an end of the app's own; a frame that is cut in two cannot be followed by one. */
  const farewell = (): Buffer =>
    frames.atBorder && !frames.closed ? closeFrame(SERVICE_RESTART, "the way to the UI was lost") : NOTHING;
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
        if (hand(chunk)) return;
        duplex.pause();
        socket.once("drain", () => duplex.resume());
      },
      onEnd: () => {
        ended = true;
        socket.end(farewell(), linger);
      },
      // A stream that has ended also closes, while the page may still have to read what it said.
      onFailure: () => {
        if (ended) return;
        ended = true;
        socket.end(farewell(), linger);
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
