import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { KnownError } from "../../base/errors.ts";
import { flatValuesOf, type RawHeaders } from "../../base/headers.ts";
import { millis, type Millis } from "../../base/units.ts";
import { whenOver } from "../answer.ts";
import { startTimer } from "../timer.ts";
import type { Admitted, Resumable } from "../types.ts";
import { Gathered, type EventMemory } from "./gathered.ts";
import { answerInstead } from "./instead.ts";
import { opening } from "./opening.ts";
import { Pieces } from "./pieces.ts";
import { ResponseParser, type ResponseHead } from "./response-parser.ts";
import { EVENT_MAX, PIECES_MAX, Resuming, taken } from "./resuming.ts";
import type { UpstreamStream } from "./upstream-stream.ts";
import { askedOf, waiterOf } from "./waiting.ts";
import type { Wire } from "./wire.ts";

const ANSWER_LIMIT = millis(60_000);
/** Lines are read, so that they must come as they are. */
const ENCODING: ReadonlySet<string> = new Set(["accept-encoding"]);
const LF = 10;
/** It answers, but not with events: as if it refused. */
const NO_EVENTS = 406;

export interface KeptStream {
  readonly wire: Wire;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly admitted: Admitted;
  readonly resumable: Resumable;
  readonly memory: EventMemory;
}

interface Opened {
  readonly head: ResponseHead;
  /** From now on what follows the head is handed on. */
  readonly take: () => void;
}

/**
 * A watch over plain HTTP (`watch=1`): each line of the body is one event. The browser keeps its answer while the
 * upstream comes and goes (issue C.2). An answer that is no 200, or no stream of events, passes as it is.
 */
export class WatchStream {
  readonly #kept: KeptStream;
  readonly #abort = new AbortController();
  readonly #resuming: Resuming;
  readonly #askedAt: number;
  #stream: UpstreamStream | undefined;
  /** What it says is read. While the next one is being opened, nothing else may open one too. */
  #reading = false;
  /** Of the line that is not whole yet. */
  readonly #line: Gathered;
  /** What one read of the upstream brought for the browser: lines that came together leave together, in one write. */
  readonly #out = new Pieces({ most: Number.POSITIVE_INFINITY, time: 0 });
  #plain = false;
  /** An event came. */
  #seen = false;
  #done = false;
  #over = false;

  constructor(kept: KeptStream) {
    this.#kept = kept;
    this.#line = new Gathered(kept.memory);
    this.#askedAt = kept.wire.system.monotonic();
    this.#resuming = new Resuming(kept.wire, this.#abort.signal, () => {
      if (this.#reading && !this.#plain && !this.#done && kept.resumable.again() !== undefined) this.#lose();
    });
    whenOver(kept.response, () => this.#finish());
  }

  async run(): Promise<void> {
    const { wire } = this.#kept;
    try {
      let authorization = await wire.authorize(undefined);
      let answer = await this.#ask(authorization);
      if (answer.head.status === 401 && authorization.length > 0) {
        const renewed = await wire.authorize(authorization);
        if (renewed !== authorization) {
          this.#stream?.destroy();
          authorization = renewed;
          answer = await this.#ask(authorization);
        }
      }
      if (this.#over) return;
      this.#begin(answer.head);
      this.#reading = true;
      this.#resuming.opened(authorization);
      answer.take();
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #ask(authorization: RawHeaders): Promise<Opened> {
    return await opening(
      this.#kept.wire,
      this.#abort.signal,
      async (limit) => await this.#open(authorization, undefined, this.#abort, limit),
    );
  }

  /** Asks, and resolves with the head of the answer; what follows it waits until it is taken. */
  async #open(
    authorization: RawHeaders,
    target: string | undefined,
    abort: AbortController,
    limit?: Millis,
  ): Promise<Opened> {
    const { wire, request, admitted } = this.#kept;
    // What cannot be said opens nothing.
    const asked = wire.head(request, admitted, {
      body: "none",
      authorization,
      upgrade: false,
      without: ENCODING,
      ...(target === undefined ? {} : { target }),
    });
    const stream =
      target === undefined
        ? await this.#dialFirst(abort, limit)
        : await wire.dial(admitted.session, false, abort, limit);
    this.#stream = stream;
    this.#line.take();
    return await new Promise<Opened>((resolve, reject) => {
      let answered = false;
      let early: (() => void)[] | undefined = [];
      const take = (): void => {
        const waiting = early ?? [];
        early = undefined;
        for (const act of waiting) act();
        this.#flush();
        stream.duplex.resume();
      };
      const later = (act: () => void): void => {
        if (early === undefined) act();
        else early.push(act);
      };
      const settle = (act: () => void): void => {
        stopTimer();
        abort.signal.removeEventListener("abort", left);
        answered = true;
        act();
      };
      const fail = (error: unknown): void => {
        if (answered) later(() => this.#lose(stream));
        else
          settle(() => {
            stream.destroy();
            reject(error instanceof Error ? error : new Error("the stream failed"));
          });
      };
      const left = (): void => fail(abort.signal.reason);
      abort.signal.addEventListener("abort", left, { once: true });
      const stopTimer = startTimer(wire.system, ANSWER_LIMIT, () =>
        fail(new KnownError("UPSTREAM_LATE", "Cannot open a watch: the UI did not answer in time")),
      );
      const parser = new ResponseParser(
        {
          onHead: (head) => {
            stream.duplex.pause();
            settle(() => resolve({ head, take }));
          },
          onBody: (chunk) => later(() => this.#body(chunk, stream)),
          onComplete: () => later(() => this.#complete(stream)),
        },
        { method: "GET", upgrade: false },
      );
      const guarded = (act: () => void): void => {
        try {
          act();
        } catch (error) {
          fail(error);
        }
      };
      stream.use({
        onData: (chunk) => {
          guarded(() => parser.push(chunk));
          this.#out.soon(() => this.#flush());
        },
        onEnd: () => guarded(() => parser.end()),
        onFailure: fail,
      });
      stream.duplex.write(asked, "latin1");
    });
  }

  /** Until its answer has begun it may have to make way, as any other request of its browser (security.md R-N5). */
  async #dialFirst(abort: AbortController, limit: Millis | undefined): Promise<UpstreamStream> {
    const { wire, request, admitted } = this.#kept;
    const { waiting, hooks } = wire;
    const give = (error: KnownError): void => abort.abort(error);
    const waiter = waiterOf(askedOf(request, false), admitted, { hooks, since: this.#askedAt, give });
    waiting.enter(waiter);
    try {
      return await wire.dial(admitted.session, false, abort, limit);
    } finally {
      waiting.leave(waiter);
    }
  }

  #begin(head: ResponseHead): void {
    const { wire, response, admitted } = this.#kept;
    this.#plain = head.status !== 200 || !isEvents(head);
    const { headers, dated } = wire.returned(head, admitted);
    if (dated) response.sendDate = false;
    response.writeHead(head.status, STATUS_CODES[head.status] ?? "Unknown", headers);
    if (!this.#plain) response.flushHeaders();
  }

  #body(chunk: Buffer, stream: UpstreamStream): void {
    if (this.#stream !== stream || this.#over) return;
    if (this.#plain) {
      this.#out.add(chunk);
      return;
    }
    let from = 0;
    for (let at = chunk.indexOf(LF); at !== -1 && !this.#plain; at = chunk.indexOf(LF, from)) {
      const end = chunk.subarray(from, at + 1);
      from = at + 1;
      if (this.#line.size > 0) this.#line.add(end);
      this.#event(this.#line.size > 0 ? this.#line.take() : end);
    }
    if (from === chunk.length) return;
    if (this.#plain) {
      this.#out.add(chunk.subarray(from));
      return;
    }
    this.#line.add(chunk.subarray(from));
    if (this.#line.size > EVENT_MAX || this.#line.pieces > PIECES_MAX || this.#kept.memory.full)
      this.#passAsIs();
  }

  #passAsIs(): void {
    this.#plain = true;
    const waiting = this.#line.take();
    if (waiting.length > 0) this.#out.add(waiting);
  }

  #event(line: Buffer): void {
    const text = line.toString("utf8").trimEnd();
    const verdict = text === "" ? "pass" : this.#kept.resumable.see(text);
    if (verdict === "foreign") this.#plain = true;
    else this.#seen ||= text !== "";
    if (verdict === "over") {
      this.#done = true;
      this.#kept.wire.hooks?.lost?.(this.#kept.admitted.session);
    }
    if (verdict !== "drop") this.#out.add(line);
  }

  #flush(): void {
    const bytes = this.#out.take();
    if (bytes === undefined) return;
    const { response } = this.#kept;
    const duplex = this.#stream?.duplex;
    if (response.write(bytes) || duplex === undefined || duplex.isPaused()) return;
    duplex.pause();
    response.once("drain", () => duplex.resume());
  }

  /** The upstream ended in order: at the time that was asked for, or because it goes away. */
  #complete(stream: UpstreamStream): void {
    if (this.#stream !== stream) return;
    // A body that is whole without the end of a first line, such as a list, is of somebody who knows no watches.
    if (!this.#seen && this.#line.size > 0) this.#passAsIs();
    this.#flush();
    if (this.#plain || this.#done || this.#resuming.timeIsOver(this.#kept.request.url ?? "")) {
      this.#kept.response.end();
      this.#finish();
    } else this.#lose(stream);
  }

  #lose(stream = this.#stream): void {
    if (this.#over || stream === undefined || this.#stream !== stream) return;
    this.#flush();
    this.#stream = undefined;
    this.#reading = false;
    stream.destroy();
    // A body that is cut must not look like one that ended (security.md R-F7).
    if (this.#plain) this.#kept.response.destroy();
    else if (this.#done) this.#kept.response.end();
    else {
      void this.#resume();
      return;
    }
    this.#finish();
  }

  async #resume(): Promise<void> {
    const { wire, response, admitted, resumable } = this.#kept;
    // Each upstream would bring something more for a page that reads nothing.
    await taken(response);
    if (this.#over) return;
    const target = resumable.again();
    // What cannot go on waits for nobody's credential.
    const found =
      target === undefined
        ? undefined
        : await this.#resuming.run(async (authorization, abort) => {
            const { head, take } = await this.#open(authorization, target, abort);
            const status = head.status === 200 && !isEvents(head) ? NO_EVENTS : head.status;
            if (status !== 200) {
              this.#stream?.destroy();
              this.#stream = undefined;
            }
            return { status, take };
          });
    if (this.#over) return;
    if (found !== undefined) {
      this.#reading = true;
      this.#resuming.opened(found.authorization);
      found.take();
      return;
    }
    wire.system.log.verbose(1, "A watch could not be resumed; its page has to list anew");
    wire.hooks?.lost?.(admitted.session);
    if (resumable.farewell === undefined) response.destroy();
    else response.end(`${resumable.farewell}\n`);
    this.#finish();
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    const { wire, request, response } = this.#kept;
    answerInstead(error, { request, response, fate: "harmless", wire });
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#line.take();
    this.#out.take();
    this.#resuming.stop();
    this.#abort.abort(new KnownError("CLIENT_GONE", "The browser closed the connection"));
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#kept.wire.done();
  }
}

/** A body whose length is known, or that is coded, is no stream of lines that can be read. */
const isEvents = ({ headers }: ResponseHead): boolean => {
  const value = (name: string): string | undefined => flatValuesOf(headers, name)[0];
  const coding = value("content-encoding") ?? "identity";
  return (
    value("content-length") === undefined &&
    coding.toLowerCase() === "identity" &&
    /\bjson\b/i.test(value("content-type") ?? "")
  );
};
