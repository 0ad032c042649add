import type { Duplex } from "node:stream";
import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB, millis, seconds, toMillis, type Millis } from "../../base/units.ts";
import { deferred, type Deferred } from "../deferred.ts";
import type { Carrier } from "../types.ts";
import { rawWire, websocketWire, type Wire } from "../wire.ts";
import { Crowd } from "./crowd.ts";
import {
  CANCEL,
  FLAG_FIN,
  FrameParser,
  GOAWAY,
  PING,
  RST_STREAM,
  STREAM_ID_MAX,
  SYN_REPLY,
  SYN_STREAM,
  goaway,
  ping,
  pingId,
  rstStream,
  streamIdOf,
  synStream,
  type FrameSink,
} from "./frames.ts";
import { encodeHeaders } from "./headers.ts";
import { HEADROOM, Outbox } from "./outbox.ts";
import { PodStream, type StreamHost } from "./stream.ts";
import { TICK, Watchdog, type Vitals } from "./watchdog.ts";

/** After GOAWAY the peer is usually gone already; what still runs gets this long. */
const DRAIN = toMillis(seconds(2));
/** A cancelled download goes on for a second at full speed; beyond this it is cheaper to end an otherwise idle tunnel. */
const IGNORED_MAX = MiB(1);
export interface SessionOptions {
  /** After the 101. */
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly carrier: Carrier;
  readonly system: Pick<System, "now" | "monotonic" | "sleep" | "random">;
  /** Called about once a second while it lives. */
  readonly onTick?: () => void;
}

/** One tunnel: any number of connections over one upgraded socket. */
export class Session implements FrameSink, StreamHost {
  /** Resolves with the reason when the tunnel has ended; never rejects. */
  readonly closed: Promise<KnownError>;
  /** When the last connection ended, or the tunnel began. Monotonic. */
  idleSince: Millis;
  readonly #closed: Deferred<KnownError> = deferred();
  readonly #system: SessionOptions["system"];
  readonly #onTick: () => void;
  readonly #wire: Wire;
  readonly #parser = new FrameParser(this);
  readonly #outbox: Outbox;
  readonly #watchdog: Watchdog;
  readonly #stop = new AbortController();
  /** Each connection under both of its ids. */
  readonly #streams = new Map<number, PodStream>();
  readonly #held = new Set<PodStream>();
  readonly #echoes = new Map<number, () => void>();
  #dead = false;
  #drainingSince: Millis | undefined;
  #tainted = false;
  #nextStream = 1;
  #nextRequest = 0;
  #nextPing = 1;
  /** A PING that is answered when there is room. */
  #owed: number | undefined;
  #reads = 0;
  #ignored = 0;
  readonly #crowd: Crowd;

  constructor(options: SessionOptions) {
    this.#system = options.system;
    this.#onTick = options.onTick ?? (() => undefined);
    this.closed = this.#closed.promise;
    this.idleSince = options.system.monotonic();
    this.#crowd = new Crowd(this.idleSince);
    const wiring = {
      socket: options.socket,
      head: options.head,
      headroom: HEADROOM,
      owner: {
        bytes: (chunk: Buffer) => {
          this.#reads += 1;
          this.#parser.push(chunk);
        },
        closed: (error: KnownError) => this.#end(error),
      },
    };
    this.#wire =
      options.carrier === "spdy"
        ? rawWire(wiring)
        : websocketWire({ ...wiring, role: "client", random: options.system.random });
    this.#outbox = new Outbox(this.#wire);
    this.#watchdog = new Watchdog(this.#vitals());
    void this.#run();
  }

  /** Connections that are not over. */
  get streams(): number {
    return this.#streams.size / 2;
  }

  /** Nothing is wrong with the pod or the network: the tunnel ends once its connections have. */
  get retired(): boolean {
    return this.#tainted;
  }

  /** Whether a new connection is welcome. */
  get usable(): boolean {
    return (
      !this.#dead &&
      !this.#tainted &&
      this.#drainingSince === undefined &&
      !this.#watchdog.stalled &&
      this.#nextStream < STREAM_ID_MAX - 2
    );
  }

  get alone(): boolean {
    return this.#streams.size === 2;
  }

  /** A connection moves a lot, or is not read and holds the others up.*/
  get crowded(): boolean {
    return this.#look() || this.#held.size > 0 || !this.usable;
  }

  /**
   * A connection to a port of the pod. Both SYN_STREAMs leave with whatever is written in the same turn of the event
   * loop; nothing waits for the replies, and a refusal shows as the stream's error.
   */
  open(port: number, options: { readonly halfClose?: boolean } = {}): PodStream {
    if (!this.usable) throw new TypeError("the tunnel takes no new connections");
    const errorId = this.#nextStream;
    const dataId = errorId + 2;
    const request = String(this.#nextRequest);
    this.#nextStream += 4;
    this.#nextRequest += 1;
    const block = (kind: "error" | "data"): Buffer =>
      encodeHeaders(
        [
          ["streamtype", kind],
          ["port", String(port)],
          ["requestid", request],
        ],
        errorId === 1 && kind === "error",
      );
    this.#outbox.control(synStream({ streamId: errorId, fin: true, block: block("error") }));
    this.#outbox.control(synStream({ streamId: dataId, fin: false, block: block("data") }));
    const stream = new PodStream(this, { port, errorId, dataId, halfClose: options.halfClose ?? false });
    this.#streams.set(errorId, stream);
    this.#streams.set(dataId, stream);
    this.#ignored = 0;
    return stream;
  }

  /** Resolves when the other end of the tunnel has answered; not at all if it never does. */
  ping(): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const id = this.#nextPing;
    this.#nextPing += 2;
    this.#echoes.set(id, () => resolve());
    this.#outbox.control(ping(id));
    this.#outbox.flush();
    return promise;
  }

  /** Says goodbye and ends; connections that still run fail. */
  async close(): Promise<void> {
    if (!this.#dead) {
      this.#drainingSince ??= this.#system.monotonic();
      this.#outbox.control(goaway(0));
      this.#outbox.whenEmpty(() => this.#wire.close());
      const bored = this.#system.sleep(millis(500), this.#stop.signal).catch(() => undefined);
      await Promise.race([this.closed, bored]);
      this.destroy(new KnownError("TUNNEL_LOST", "The port-forward connection was closed"));
    }
    await this.closed;
  }

  destroy(error: KnownError): void {
    this.#parser.stop();
    this.#wire.destroy(error);
    this.#end(error);
  }

  // --- FrameSink

  data(streamId: number, piece: Buffer, fin: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      stream.receive(streamId, piece, fin);
      return;
    }
    if (streamId >= this.#nextStream || (streamId & 1) === 0) {
      throw new KnownError(
        "TUNNEL_PROTOCOL",
        `The port-forward brought bytes for stream ${streamId}, which was never opened`,
      );
    }
    this.#ignored += piece.length;
    if (this.#ignored <= IGNORED_MAX || this.#streams.size > 0) return;
    this.destroy(new KnownError("TUNNEL_LOST", "The tunnel was closed to stop a cancelled transfer"));
  }

  control(type: number, flags: number, payload: Buffer): void {
    switch (type) {
      case SYN_REPLY: {
        const id = streamIdOf(payload, "SYN_REPLY", 4);
        if ((flags & FLAG_FIN) !== 0) this.data(id, payload.subarray(0, 0), true);
        return;
      }
      case RST_STREAM: {
        const id = streamIdOf(payload, "RST_STREAM", 8);
        this.#streams.get(id)?.receiveReset(id);
        return;
      }
      case PING:
        this.#echo(pingId(payload));
        return;
      case GOAWAY:
        this.#drainingSince ??= this.#system.monotonic();
        this.#drain();
        return;
      case SYN_STREAM:
        throw new KnownError(
          "TUNNEL_PROTOCOL",
          "The other side of the port-forward opened a stream, which no server does",
        );
      default:
        // SETTINGS, WINDOW_UPDATE and whatever else mean nothing to port-forward.
        return;
    }
  }

  // --- StreamHost

  send(streamId: number, chunk: Buffer | string, encoding: BufferEncoding): boolean {
    if (this.#dead) return true;
    this.#outbox.data(streamId, chunk, { encoding, fin: false });
    return !this.#outbox.full;
  }

  whenRoom(then: () => void): void {
    this.#outbox.whenRoom(then);
  }

  fin(streamId: number): void {
    if (!this.#dead) this.#outbox.data(streamId, Buffer.alloc(0), { encoding: "latin1", fin: true });
  }

  reset(streamId: number): void {
    if (!this.#dead) this.#outbox.control(rstStream(streamId, CANCEL));
  }

  hold(stream: PodStream, held: boolean): void {
    const before = this.#held.size;
    if (held) this.#held.add(stream);
    else this.#held.delete(stream);
    if (this.#dead || before === this.#held.size) return;
    if (this.#held.size === 0) this.#wire.resume();
    else if (before === 0) this.#wire.pause();
  }

  forget(stream: PodStream): void {
    this.#streams.delete(stream.errorId);
    this.#streams.delete(stream.dataId);
    if (this.#streams.size > 0) return;
    this.idleSince = this.#system.monotonic();
    if (this.#drainingSince !== undefined) this.#drain();
    else if (this.#tainted) void this.close();
  }

  podGone(error: KnownError): void {
    this.destroy(error);
  }

  taint(): void {
    this.#tainted = true;
    if (this.#streams.size === 0) void this.close();
  }

  // --- life

  #look(): boolean {
    return this.#crowd.look(this.#system.monotonic(), this.#streams.values());
  }

  #echo(id: number): void {
    if ((id & 1) === 0) {
      this.#answer(id);
      return;
    }
    this.#watchdog.answered();
    for (const [asked, then] of this.#echoes) {
      if (asked > id) continue;
      this.#echoes.delete(asked);
      then();
      // They are seconds apart: a PING that is overtaken sits behind a stuck worker, and other frames do, too.
      if (asked < id) this.taint();
    }
  }

  /** A peer that sends PINGs and reads nothing must not make answers pile up: the last one then has to do. */
  #answer(id: number): void {
    if (!this.#outbox.full) {
      this.#outbox.control(ping(id));
      return;
    }
    const waiting = this.#owed !== undefined;
    this.#owed = id;
    if (waiting) return;
    this.#outbox.whenRoom(() => {
      const owed = this.#owed ?? id;
      this.#owed = undefined;
      this.#answer(owed);
    });
  }

  #vitals(): Vitals {
    return {
      now: this.#system.monotonic(),
      wall: this.#system.now(),
      reads: this.#reads,
      unwritten: this.#outbox.unwritten,
      written: this.#outbox.written,
      paused: this.#held.size > 0,
      streams: this.streams,
    };
  }

  async #run(): Promise<void> {
    while (!this.#dead) {
      try {
        await this.#system.sleep(TICK, this.#stop.signal);
      } catch {
        return;
      }
      if (!this.#dead) this.#tick();
    }
  }

  #tick(): void {
    this.#look();
    this.#parser.forgive();
    this.#wire.forgive();
    for (const [id, stream] of this.#streams) if (id === stream.dataId) stream.tidy();
    if (this.#drainingSince !== undefined) this.#drain();
    if (this.#dead) return;
    switch (this.#watchdog.tick(this.#vitals())) {
      case "ask":
        void this.ping();
        break;
      case "dead":
        this.destroy(new KnownError("TUNNEL_SILENT", "The port-forward connection stopped answering"));
        return;
      case "well":
        break;
    }
    this.#onTick();
  }

  #drain(): void {
    const since = this.#drainingSince ?? this.#system.monotonic();
    if (this.#streams.size > 0 && this.#system.monotonic() - since < DRAIN) return;
    this.destroy(new KnownError("TUNNEL_LOST", "The other side ended the port-forward connection"));
  }

  #end(error: KnownError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#stop.abort();
    const streams = new Set(this.#streams.values());
    this.#streams.clear();
    this.#echoes.clear();
    this.#closed.resolve(error);
    for (const stream of streams) stream.destroy(error);
  }
}
