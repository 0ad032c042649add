import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { Admitted, Resumable } from "../types.ts";
import { Gathered, type EventMemory } from "./gathered.ts";
import { checkAccept, handshake, type Outcome } from "./handshake.ts";
import { switching } from "./join.ts";
import { EVENT_MAX, PIECES_MAX, Resuming, taken } from "./resuming.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import {
  CLOSE,
  closeFrame,
  FrameReader,
  SERVICE_RESTART,
  textFrame,
  type Frame,
} from "./websocket-frames.ts";
import type { Wire } from "./wire.ts";

/** Bytes of a frame of the browser's, which has nothing to say in a watch but that it is there. */
const ASKED_MAX = 1024 * 1024;
/** The status of a Close frame that says nothing is wrong (RFC 6455 §7.4.1). */
const NORMAL = 1000;
const TOO_BIG = 1009;

export interface KeptWatch {
  readonly wire: Wire;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly admitted: Admitted;
  readonly resumable: Resumable;
  readonly memory: EventMemory;
  /** Aborted when the browser leaves. */
  readonly abort: AbortController;
}

/**
 * A WebSocket that carries a watch: its browser keeps it while the upstream comes and goes (ui-traffic U11, U12). Each
 * text message is one event; it is handed on whole, or not at all.
 * @throws {KnownError} UPSTREAM_INVALID when the first answer does not belong to the question
 */
export async function keepWatch(kept: KeptWatch, first: Outcome, authorization: RawHeaders): Promise<void> {
  checkAccept(kept.request, first);
  kept.socket.write(switching(first.head), "latin1");
  await new WatchSocket(kept).run(first, authorization);
}

class WatchSocket {
  readonly #kept: KeptWatch;
  readonly #resuming: Resuming;
  #over: () => void = () => undefined;
  #stream: UpstreamStream | undefined;
  #frames = new FrameReader({ piece: () => undefined });
  /** Of the message that is not whole yet: its frames as they came, and from where to where the text is in them. */
  readonly #raw: Gathered;
  #text: number[] = [];
  #control: Buffer[] = [];
  /** Of the browser's frame that is not whole yet. */
  readonly #asked = new Gathered();
  /** It turned out to be no watch: its bytes pass as they are. */
  #plain = false;
  /** The last event has been handed on. */
  #done = false;
  #leaving = false;
  #ended = false;

  constructor(kept: KeptWatch) {
    this.#kept = kept;
    this.#raw = new Gathered(kept.memory);
    this.#resuming = new Resuming(kept.wire, kept.abort.signal, () => {
      if (!this.#plain && !this.#done && kept.resumable.again() !== undefined) this.#lose(undefined);
    });
  }

  async run(first: Outcome, authorization: RawHeaders): Promise<void> {
    const { socket, abort } = this.#kept;
    const asked = new FrameReader({ piece: (bytes, frame, of) => this.#fromBrowser(bytes, frame, of.end) });
    socket.on("data", (chunk: Buffer) => {
      asked.push(chunk);
      if (asked.broken) this.#finish();
    });
    socket.once("end", () => this.#finish());
    socket.once("close", () => this.#finish());
    this.#attach(first, authorization);
    socket.resume();
    if (!this.#ended) await new Promise<void>((resolve) => (this.#over = resolve));
    abort.abort(new KnownError("CLIENT_GONE", "The browser closed the connection"));
  }

  #attach({ stream, parts }: Outcome, authorization: RawHeaders): void {
    this.#stream = stream;
    this.#raw.take();
    this.#text = [];
    this.#control = [];
    this.#frames = new FrameReader({ piece: (bytes, frame, of) => this.#piece(bytes, frame, of) });
    this.#resuming.opened(authorization);
    for (const part of parts) this.#read(part, stream);
    if (this.#stream !== stream) return;
    stream.use({
      onData: (chunk) => this.#read(chunk, stream),
      onEnd: () => this.#lose(undefined),
      onFailure: () => this.#lose(undefined),
    });
    stream.duplex.resume();
  }

  // --- from the upstream

  #read(chunk: Buffer, stream: UpstreamStream): void {
    if (this.#stream !== stream) return;
    this.#frames.push(chunk);
    if (this.#stream !== stream || !this.#frames.broken) return;
    // Nothing of what it says can be read any more, and its page would wait for events for ever.
    stream.destroy();
    this.#stream = undefined;
    if (this.#plain) this.#finish();
    else this.#giveUp();
  }

  #piece(bytes: Buffer, frame: Frame, of: { readonly header: boolean; readonly end: boolean }): void {
    // Nothing follows a Close frame; where to go on is settled by then.
    if (this.#stream === undefined) return;
    if (frame.opcode >= CLOSE) {
      this.#control.push(bytes);
      if (!of.end) return;
      const whole = Buffer.concat(this.#control);
      this.#control = [];
      if (frame.opcode === CLOSE) this.#lose(whole);
      else this.#hand(whole);
      return;
    }
    if (this.#plain) {
      this.#hand(bytes);
      return;
    }
    if (of.header) this.#text.push(this.#raw.size + bytes.length);
    this.#raw.add(bytes);
    const tooMuch = this.#raw.size > EVENT_MAX || this.#raw.pieces > PIECES_MAX || this.#kept.memory.full;
    if (of.end) this.#text.push(this.#raw.size);
    if (frame.reserved || tooMuch) this.#passAsIs();
    else if (of.end && frame.fin) this.#event();
  }

  #passAsIs(): void {
    this.#plain = true;
    this.#flush();
  }

  #event(): void {
    const verdict = this.#kept.resumable.see(this.#textOf(this.#raw.bytes));
    if (verdict === "foreign") this.#plain = true;
    if (verdict === "over") {
      // A client that lists anew is well; one that does not has to be told in another way (ui-traffic U11).
      this.#done = true;
      this.#kept.wire.hooks?.lost?.(this.#kept.admitted.session);
    }
    if (verdict === "drop") this.#raw.take();
    this.#flush();
  }

  #textOf(raw: Buffer): string {
    const parts = this.#text.flatMap((from, at) =>
      at % 2 === 0 ? [raw.subarray(from, this.#text[at + 1])] : [],
    );
    return (parts.length === 1 ? parts[0] : Buffer.concat(parts))?.toString("utf8") ?? "";
  }

  #flush(): void {
    const raw = this.#raw.take();
    this.#text = [];
    if (raw.length > 0) this.#hand(raw);
  }

  #hand(bytes: Buffer): void {
    const { socket } = this.#kept;
    const duplex = this.#stream?.duplex;
    if (this.#ended || socket.write(bytes) || duplex === undefined || duplex.isPaused()) return;
    duplex.pause();
    socket.once("drain", () => duplex.resume());
  }

  /** The upstream is gone, with a Close frame or without. */
  #lose(close: Buffer | undefined): void {
    if (this.#ended || this.#stream === undefined) return;
    const whole = this.#frames.atBorder && this.#control.length === 0;
    this.#stream.destroy();
    this.#stream = undefined;
    this.#kept.socket.resume();
    const isEnd =
      this.#leaving ||
      this.#done ||
      (close !== undefined && this.#resuming.timeIsOver(this.#kept.request.url ?? ""));
    if (isEnd) this.#farewell(close ?? closeFrame(NORMAL, ""));
    else if (!this.#plain) void this.#resume();
    else if (whole || close !== undefined)
      this.#farewell(close ?? closeFrame(SERVICE_RESTART, "the way to the UI was lost"));
    else this.#finish();
  }

  async #resume(): Promise<void> {
    const { wire, request, socket, admitted, resumable } = this.#kept;
    // Each upstream would bring something more for a page that reads nothing.
    await taken(socket);
    if (this.#ended) return;
    const target = resumable.again();
    // What cannot go on waits for nobody's credential.
    const found =
      target === undefined
        ? undefined
        : await this.#resuming.run(async (authorization, abort) => {
            const outcome = await handshake(wire, request, admitted, {
              authorization,
              abort,
              target,
              readable: true,
            });
            if (outcome.head.status === 101) checkAccept(request, outcome);
            else outcome.stream.destroy();
            return { status: outcome.head.status === 101 ? 200 : outcome.head.status, outcome };
          });
    if (this.#ended) {
      if (typeof found === "object") found.outcome.stream.destroy();
      return;
    }
    if (typeof found === "object") {
      this.#attach(found.outcome, found.authorization);
      return;
    }
    this.#giveUp();
  }

  /** It cannot go on. */
  #giveUp(): void {
    const { wire, admitted, resumable } = this.#kept;
    wire.system.log.verbose(1, "A watch could not be resumed; its page has to list anew");
    wire.hooks?.lost?.(admitted.session);
    if (resumable.farewell !== undefined) this.#hand(textFrame(resumable.farewell));
    this.#farewell(closeFrame(SERVICE_RESTART, "the watch cannot be resumed"));
  }

  // --- from the browser

  /** Frames go on whole, so that none is cut in two when the upstream is changed. */
  #fromBrowser(bytes: Buffer, frame: Frame, end: boolean): void {
    if (this.#ended) return;
    this.#asked.add(bytes);
    if (this.#asked.size > ASKED_MAX || this.#asked.pieces > PIECES_MAX) {
      this.#asked.take();
      this.#farewell(closeFrame(TOO_BIG, "a watch takes no such message"));
      return;
    }
    if (!end) return;
    const whole = this.#asked.take();
    if (frame.opcode === CLOSE) this.#leaving = true;
    const duplex = this.#stream?.duplex;
    // What it says to an upstream that is away, a pong or nothing, is for nobody.
    if (duplex !== undefined && !duplex.destroyed) this.#pass(whole, duplex);
    else if (this.#leaving) this.#farewell(closeFrame(NORMAL, ""));
  }

  #pass(bytes: Buffer, duplex: Duplex): void {
    const { socket } = this.#kept;
    if (duplex.write(bytes) || socket.isPaused()) return;
    socket.pause();
    duplex.once("drain", () => socket.resume());
  }

  #farewell(close: Buffer): void {
    if (this.#ended) return;
    this.#ended = true;
    const { socket } = this.#kept;
    socket.end(close, () => this.#end());
  }

  #finish(): void {
    this.#ended = true;
    this.#end();
  }

  #end(): void {
    this.#resuming.stop();
    this.#raw.take();
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#kept.socket.destroy();
    this.#over();
  }
}
