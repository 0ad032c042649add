import type { IncomingMessage, ServerResponse } from "node:http";
import { isKnownError, KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis, type Millis } from "../../base/units.ts";
import { whenOver } from "../answer.ts";
import type { Admitted } from "../types.ts";
import { answerInstead } from "./instead.ts";
import { isNavigation, type Fate } from "./outage.ts";
import { Hold } from "./hold.ts";
import { endWith, Pieces } from "./pieces.ts";
import { returnHead } from "./return-head.ts";
import { mayRepeat, replayAfter, toldOf, verdictOf, type Verdict } from "./replay.ts";
import { HeldAnswer } from "./held-answer.ts";
import type { BodyFraming } from "./request-head.ts";
import { bodyFraming, RequestBody } from "./request-body.ts";
import { ResponseParser, type ResponseHead } from "./response-parser.ts";
import { mayUnpack, Unpack, type UnpackedSink } from "./unpack.ts";
import type { StreamUser, UpstreamStream } from "./upstream-stream.ts";
import { askedOf } from "./waiting.ts";
import type { Wire } from "./wire.ts";

/** An upload of this size gets a tunnel of its own. */
const BULK = 1024 * 1024;

/** Milliseconds for which a credential that was asked for before a wait is still the one to send. */
const FRESH = 2_000;

/** One request of a client, over as many streams as it takes, to one answer. */
export class Exchange implements StreamUser, UnpackedSink {
  readonly #wire: Wire;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #admitted: Admitted;
  readonly #framing: BodyFraming;
  /** No body, and a method that changes nothing. */
  readonly #repeatable: boolean;
  readonly #bulk: boolean;
  readonly #started: number;
  #body: RequestBody | undefined;
  #stream: UpstreamStream | undefined;
  #parser: ResponseParser | undefined;
  #unpack: Unpack | undefined;
  #authorization: RawHeaders = [];
  /** Monotonic milliseconds since when it is the one to send. */
  #authorized: number;
  #head: ResponseHead | undefined;
  /** The part of the body that is not handed over yet: what one read brought, or the last one, with the end. */
  readonly #pieces: Pieces;
  #held: HeldAnswer | undefined;
  #tries = 0;
  /** Nobody listened, that often. */
  readonly #refusals: KnownError[] = [];
  #hold: Hold | undefined;
  /** Some of the request has gone out, and no 401 has said that it was not done. */
  #sent = false;
  #renewed = false;
  /** The head, or more, has gone out to the client. */
  #begun = false;
  /** Bytes of an answer have come on the stream in use. */
  #answered = false;
  /** The upstream is stopped until the client takes more. */
  #stopped = false;
  #over = false;

  constructor(wire: Wire, request: IncomingMessage, response: ServerResponse, admitted: Admitted) {
    this.#wire = wire;
    this.#pieces = new Pieces(wire.gathers);
    this.#request = request;
    this.#response = response;
    this.#admitted = admitted;
    this.#framing = bodyFraming(request);
    this.#repeatable = mayRepeat(request, this.#framing, wire.hooks);
    this.#bulk = this.#framing === "chunked" || (this.#framing !== "none" && this.#framing.length >= BULK);
    this.#started = wire.system.monotonic();
    this.#authorized = this.#started;
    whenOver(response, () => this.#onClientGone());
  }

  async run(): Promise<void> {
    try {
      this.#authorization = await (this.#wire.ready() ?? this.#authorize(undefined));
      if (!this.#over) await this.#send();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The wait of this request; many have none. */
  #waits(): Hold {
    return (this.#hold ??= new Hold({
      wire: this.#wire,
      request: this.#request,
      admitted: this.#admitted,
      repeatable: this.#repeatable,
      bulk: this.#bulk,
      started: this.#started,
      onGivenUp: (error) => this.#refuse(error),
    }));
  }

  async #authorize(rejected: RawHeaders | undefined, doubtful = false): Promise<RawHeaders> {
    const headers = await this.#waits().authorize(rejected, doubtful);
    this.#authorized = this.#wire.system.monotonic();
    return headers;
  }

  async #send(): Promise<void> {
    this.#tries += 1;
    // A stream that was used before may just be ending: nothing that changes something is risked on it.
    const used =
      this.#framing === "none" && this.#repeatable && this.#tries === 1
        ? this.#wire.pool.take(this.#admitted.session)
        : undefined;
    const stream = used ?? (await this.#dial());
    if (this.#over) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    this.#answered = false;
    this.#unpack?.destroy();
    const unpacks = this.#wire.unpacks && mayUnpack(this.#request);
    this.#unpack = new Unpack(this, stream.duplex, unpacks);
    this.#parser = new ResponseParser(this.#unpack, { method: this.#request.method ?? "", upgrade: false });
    stream.use(this);
    const head = this.#wire.head(this.#request, this.#admitted, {
      body: this.#framing,
      authorization: this.#authorization,
      upgrade: false,
      unpacks,
    });
    this.#hold?.leave();
    this.#sent = true;
    if (this.#repeatable) this.#wire.unanswered.add(this);
    stream.duplex.write(head, "latin1");
    if (this.#framing === "none") return;
    this.#body ??= new RequestBody(this.#request, this.#framing === "chunked");
    this.#body.sendTo(stream.duplex);
  }

  async #dial(): Promise<UpstreamStream> {
    const stream = await this.#waits().dial();
    try {
      // Whose credential it is, and whether it is still good, is settled before what was held goes (security.md R-N4).
      if (!this.#over && this.#wire.system.monotonic() - this.#authorized >= FRESH)
        this.#authorization = await this.#authorize(undefined);
      return stream;
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  // --- the stream speaks

  get peer(): string | undefined {
    return this.#stream?.peer;
  }

  lose(): void {
    this.#fail(new KnownError("POD_GONE", "The pod went before it answered"));
  }

  onData(chunk: Buffer): void {
    if (!this.#answered) this.#wire.unanswered.delete(this);
    this.#answered = true;
    try {
      this.#parser?.push(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.handOn();
  }

  /** TLS gives what one read has brought record by record, and each write is a call of the system. */
  handOn(): void {
    if (this.#pieces.full) this.#flush();
    else if (!this.#over) this.#pieces.soon(() => this.#flush());
  }

  onEnd(): void {
    try {
      this.#parser?.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  onFailure(error: Error): void {
    this.#fail(error);
  }

  // --- the parser speaks

  onHead(head: ResponseHead): void {
    this.#head = head;
    const verdict = this.#verdict(head);
    if (verdict === "no") {
      returnHead(head, this.#response, this.#admitted, this.#wire);
      return;
    }
    this.#held = new HeldAnswer();
    if (verdict !== "look") this.#startRenewal(head, verdict === "perhaps");
  }

  /** Whether an answer is news about the credential, which is asked once. */
  #verdict(head: ResponseHead): Verdict {
    if (this.#renewed || this.#authorization.length === 0) return "no";
    return verdictOf(this.#request, head, this.#wire.hooks, this.#repeatable);
  }

  #startRenewal(head: ResponseHead, doubtful = false): void {
    this.#renewed = true;
    this.#unpack?.pause();
    void this.#renew(head, doubtful);
  }

  /** Only its body tells what an answer says of the credential; one that is too long says nothing. */
  #lookInto(held: HeldAnswer): void {
    const head = this.#head;
    if (this.#renewed || head === undefined || !(held.ended || held.tooLong)) return;
    if (
      !held.tooLong &&
      this.#wire.hooks?.refusedIn?.(askedOf(this.#request, false), head, held.body()) === true
    )
      this.#startRenewal(head);
    else this.#release(head);
  }

  onBody(chunk: Buffer): void {
    if (this.#held !== undefined) {
      this.#held.add({ kind: "body", chunk });
      this.#lookInto(this.#held);
      return;
    }
    this.#pieces.add(chunk);
  }

  onComplete(rest: number): void {
    if (this.#held !== undefined) {
      this.#held.add({ kind: "end", rest });
      this.#lookInto(this.#held);
      return;
    }
    this.onWhole(rest);
    endWith(this.#response, this.#pieces.take(), this.#begun);
    this.#finish();
  }

  // --- what follows from it

  /** Hands a part of the body to the client, and stops the upstream while the client does not take more. */
  #flush(): void {
    if (this.#over) return;
    const chunk = this.#pieces.take();
    if (chunk === undefined) {
      // An event stream that has nothing to say yet must still be seen to be open.
      if (this.#head === undefined || this.#held !== undefined) return;
      this.#begun = true;
      this.#response.flushHeaders();
      return;
    }
    this.#begun = true;
    if (this.#response.write(chunk) || this.#over || this.#stopped) return;
    this.#stopped = true;
    this.#unpack?.pause();
    this.#response.once("drain", () => {
      this.#stopped = false;
      this.#unpack?.resume();
    });
  }

  /** The answer may be news about the credential: another one is tried once (security.md F12). */
  async #renew(head: ResponseHead, doubtful: boolean): Promise<void> {
    const rejected = this.#authorization;
    this.#sent = false;
    const renewed = await this.#authorize(rejected, doubtful).catch((error: unknown) => {
      // What the UI would show is its login page; ours says what to do.
      this.#head = undefined;
      this.#refuse(error);
      return rejected;
    });
    if (this.#over) return;
    const again = this.#body === undefined || this.#body.replayable;
    if (renewed !== rejected && again) {
      this.#held = undefined;
      this.#stream?.destroy();
      this.#stream = undefined;
      this.#head = undefined;
      this.#answered = false;
      this.#authorization = renewed;
      await this.#repeat(millis(0));
      return;
    }
    this.#hold?.leave();
    this.#release(head);
  }

  /** The answer is what it is: it goes on, with what has come of it meanwhile. */
  #release(head: ResponseHead): void {
    const held = this.#held?.parts ?? [];
    this.#held = undefined;
    // Decided: nothing of it is looked into any more.
    this.#renewed = true;
    returnHead(head, this.#response, this.#admitted, this.#wire);
    this.#unpack?.resume();
    for (const item of held) {
      if (item.kind === "body") this.onBody(item.chunk);
      else if (item.kind === "end") this.onComplete(item.rest);
      else this.#fail(item.error);
    }
    if (!this.#over) this.#flush();
  }

  onWhole(rest: number): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    const whole = this.#body === undefined || this.#body.sent;
    stream.release();
    if (rest === 0 && whole && !this.#bulk && this.#head?.reusable === true && stream.alive)
      this.#wire.pool.give(this.#admitted.session, stream);
    else stream.destroy();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    if (this.#held !== undefined) {
      this.#held.add({ kind: "failure", error });
      this.#lookInto(this.#held);
      return;
    }
    const stream = this.#stream;
    this.#stream = undefined;
    this.#wire.unanswered.delete(this);
    stream?.destroy();
    const pause = this.#again(error, stream);
    if (pause === undefined) this.#refuse(error);
    else void this.#repeat(pause);
  }

  /** Undefined: it is not sent again. */
  #again(error: unknown, stream: UpstreamStream | undefined): Millis | undefined {
    if (!this.#repeatable || this.#answered || this.#head !== undefined) return undefined;
    if (this.#body?.replayable === false) return undefined;
    const elapsed = this.#wire.system.monotonic() - this.#started;
    if (isKnownError(error, "PORT_REFUSED")) this.#refusals.push(error);
    else if (stream === undefined) return undefined;
    const limit = this.#wire.limits[isNavigation(this.#request) ? "navigation" : "dial"];
    const [tries, refusals, used] = [this.#tries, this.#refusals.length, (stream?.uses ?? 0) > 0];
    return replayAfter({ error, used, tries, refusals, elapsed, limit });
  }

  async #repeat(pause: Millis): Promise<void> {
    try {
      this.#waits().enter();
      if (pause > 0) await this.#wire.system.sleep(pause);
      if (!this.#over) await this.#send();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing more can come: a problem while no head is out, else a cut that cannot be taken for an end (R-F7). */
  #refuse(error: unknown): void {
    if (this.#over) return;
    const response = this.#response;
    const told = toldOf(error, this.#refusals);
    if (this.#head !== undefined) this.#flush();
    if (this.#head !== undefined && response.headersSent) response.destroy();
    else answerInstead(told, { request: this.#request, response, fate: this.#fate(), wire: this.#wire });
    this.#finish();
  }

  #fate(): Fate {
    if (this.#repeatable) return "harmless";
    return this.#sent ? "unknown" : "unsent";
  }

  #onClientGone(): void {
    if (this.#over) return;
    this.#hold?.end(new KnownError("CLIENT_GONE", "The browser closed the connection"));
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#wire.unanswered.delete(this);
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#unpack?.destroy();
    this.#hold?.leave();
    this.#body?.stop();
    this.#wire.done();
  }
}
