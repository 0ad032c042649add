import { Duplex } from "node:stream";
import type { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis, type Millis } from "../../base/units.ts";
import { deferred } from "../deferred.ts";
import { rawWire, websocketWire, type Wire } from "../wire.ts";
import {
  CANCEL,
  FLAG_FIN,
  FrameParser,
  GOAWAY,
  PING,
  RST_STREAM,
  SYN_STREAM,
  goaway,
  ping,
  pingId,
  rstStream,
  streamIdOf,
  synReply,
  type FrameSink,
} from "./frames.ts";
import { FIRST_EMPTY_BLOCK, LATER_EMPTY_BLOCK, decodeHeaders } from "./headers.ts";
import { HEADROOM, Outbox } from "./outbox.ts";

/** The ways of real servers (tunnel.md §1.2–2.4), each of which a client has to stand. */
export interface ServerQuirks {
  /** From the application's end to the FINs, and from the client's FIN or reset to the end. Default 1 s, as containerd has it. */
  readonly lateFin?: Millis;
  /** The reply to a connection's second stream comes before that to its first. */
  readonly swappedReplies?: boolean;
  /** WebSocket only: each message as a piece with all bytes and an empty last piece. */
  readonly fragmented?: boolean;
  /** After `goaway()` the socket stays open and answers nothing, as kube-apiserver's tunnel does. */
  readonly silentAfterGoaway?: boolean;
  /** A middle box that said 101 and passes nothing: reads everything, answers nothing, not even a PING. */
  readonly swallow?: boolean;
  /** `fail()` ends the error stream with FIN, as kubelets before 1.32 did, instead of RST. */
  readonly finOnError?: boolean;
}

/** One connection of the client, as the application sees it. */
export interface PodConnection {
  readonly port: number;
  /**
   * The application's end: reads what the client sends, writes to it. `end()` is the application closing the
   * connection; `destroy()` too. It closes by itself a second after the client's FIN or reset.
   */
  readonly stream: Duplex;
  /**
   * The kubelet's words on the error stream, e.g. `error forwarding port …: connect: connection refused`: data FIN,
   * text, then RST. The stream is destroyed.
   */
  readonly fail: (text: string) => void;
}

export interface SpdyServerOptions {
  /** Bytes that came with the upgrade request. Default none. */
  readonly head?: Buffer;
  readonly carrier: "spdy" | "websocket";
  readonly system: Pick<System, "sleep" | "random">;
  readonly quirks?: ServerQuirks;
  onConnection(connection: PodConnection): void;
}

/** A tunnel's far end. */
export interface SpdyServer {
  /** Connections that are not over. */
  readonly connections: number;
  /** Resolves when the socket is closed, with the reason; never rejects. */
  readonly closed: Promise<KnownError>;
  /** Says that no new streams are welcome and, unless `silentAfterGoaway`, closes the socket. */
  goaway(): void;
}

/**
 * Speaks SPDY on a socket whose 101 has been written already (`SPDY_ANSWER`, `websocketAnswer(key)`): the kubelet's
 * part of a port-forward, for `demo` and for tests. Header blocks must be stored ones, as this module's client sends
 * them: kubectl's compressed ones end the tunnel.
 *
 * Like the real one it has no windows: a connection that is not read stops the whole tunnel.
 */
export function serveSpdy(socket: Duplex, options: SpdyServerOptions): SpdyServer {
  return new Server(socket, options);
}

interface Half {
  readonly id: number;
  readonly kind: "error" | "data";
  readonly port: number;
  readonly request: string;
}

class Server implements SpdyServer, FrameSink {
  readonly closed: Promise<KnownError>;
  readonly #wire: Wire;
  readonly #parser = new FrameParser(this);
  readonly #outbox: Outbox;
  readonly #options: SpdyServerOptions;
  readonly #quirks: ServerQuirks;
  readonly #halves = new Map<string, Half>();
  readonly #open = new Map<number, Connection>();
  readonly #full = new Set<Connection>();
  #replied = false;
  #silent: boolean;
  #last = 0;

  constructor(socket: Duplex, options: SpdyServerOptions) {
    this.#options = options;
    this.#quirks = options.quirks ?? {};
    this.#silent = this.#quirks.swallow === true;
    const { promise, resolve } = deferred<KnownError>();
    this.closed = promise;
    const wiring = {
      socket,
      head: options.head ?? Buffer.alloc(0),
      headroom: HEADROOM,
      owner: {
        bytes: (chunk: Buffer) => this.#parser.push(chunk),
        closed: (error: KnownError) => {
          for (const connection of this.#open.values()) connection.stream.destroy();
          this.#open.clear();
          resolve(error);
        },
      },
    };
    this.#wire =
      options.carrier === "spdy"
        ? rawWire(wiring)
        : websocketWire({
            ...wiring,
            role: "server",
            random: options.system.random,
            fragmented: this.#quirks.fragmented ?? false,
          });
    this.#outbox = new Outbox(this.#wire);
  }

  get connections(): number {
    return this.#open.size;
  }

  goaway(): void {
    for (const connection of this.#open.values()) {
      this.#control(rstStream(connection.id, CANCEL));
      connection.stream.destroy();
    }
    this.#open.clear();
    this.#control(goaway(this.#last));
    if (this.#quirks.silentAfterGoaway === true) {
      this.#outbox.flush();
      this.#silent = true;
    } else this.#outbox.whenEmpty(() => this.#wire.close());
  }

  data(streamId: number, piece: Buffer, fin: boolean): void {
    const connection = this.#open.get(streamId);
    if (connection === undefined) return;
    if (piece.length > 0 && !connection.stream.receive(piece)) {
      this.#full.add(connection);
      this.#wire.pause();
    }
    if (fin) void this.#end(connection);
  }

  control(type: number, flags: number, payload: Buffer): void {
    // Real servers ignore the rest, too: SETTINGS, WINDOW_UPDATE, a client's GOAWAY.
    if (type === PING && (pingId(payload) & 1) === 1) this.#control(ping(pingId(payload)));
    if (type === SYN_STREAM)
      this.#synStream(streamIdOf(payload, "SYN_STREAM", 10), flags, payload.subarray(10));
    if (type === GOAWAY) this.#wire.close();
    if (type !== RST_STREAM) return;
    const connection = this.#open.get(streamIdOf(payload, "RST_STREAM", 8));
    if (connection === undefined) return;
    connection.dataEnded = true;
    void this.#end(connection);
  }

  /** The client's side is over: the application is cut off a second later. */
  async #end(connection: Connection): Promise<void> {
    connection.clientEnded = true;
    await this.#wait();
    this.#finish(connection);
  }

  #synStream(id: number, flags: number, block: Buffer): void {
    this.#last = id;
    const headers = decodeHeaders(block);
    const kind = headers.get("streamtype");
    const port = Number(headers.get("port"));
    const request = headers.get("requestid");
    if ((kind !== "error" && kind !== "data") || request === undefined || !(port >= 1 && port <= 65_535)) {
      this.#control(rstStream(id, CANCEL));
      return;
    }
    const half: Half = { id, kind, port, request };
    const other = this.#halves.get(request);
    if (other === undefined) {
      this.#halves.set(request, half);
      if (this.#quirks.swappedReplies !== true) this.#reply(id);
      return;
    }
    this.#halves.delete(request);
    this.#reply(id);
    if (this.#quirks.swappedReplies === true) this.#reply(other.id);
    const [data, error] = half.kind === "data" ? [half, other] : [other, half];
    const connection = new Connection(data.id, error.id, port, {
      write: (chunk, done) => {
        if (!connection.dataEnded) this.#data(connection.id, chunk, false);
        if (this.#outbox.full) this.#outbox.whenRoom(done);
        else done();
      },
      read: () => {
        if (this.#full.delete(connection) && this.#full.size === 0) this.#wire.resume();
      },
      over: async () => {
        this.#full.delete(connection);
        if (this.#full.size === 0) this.#wire.resume();
        if (!connection.clientEnded) await this.#wait();
        this.#finish(connection);
      },
      fail: (text) => this.#fail(connection, text),
    });
    this.#open.set(connection.id, connection);
    if (kind === "data" && (flags & FLAG_FIN) !== 0) void this.#end(connection);
    this.#options.onConnection(connection);
  }

  #fail(connection: Connection, text: string): void {
    if (!this.#open.delete(connection.id)) return;
    if (!connection.dataEnded) this.#data(connection.id, Buffer.alloc(0), true);
    connection.dataEnded = true;
    const finOnError = this.#quirks.finOnError === true;
    this.#data(connection.errorId, Buffer.from(text), finOnError);
    if (!finOnError) this.#control(rstStream(connection.errorId, CANCEL));
    connection.stream.destroy();
  }

  #finish(connection: Connection): void {
    if (!this.#open.delete(connection.id)) return;
    if (!connection.dataEnded) this.#data(connection.id, Buffer.alloc(0), true);
    this.#data(connection.errorId, Buffer.alloc(0), true);
    connection.stream.receive(null);
    connection.stream.destroy();
  }

  async #wait(): Promise<void> {
    const time = this.#quirks.lateFin ?? millis(1000);
    if (time > 0) await this.#options.system.sleep(time);
  }

  #reply(id: number): void {
    this.#control(synReply({ streamId: id, block: this.#replied ? LATER_EMPTY_BLOCK : FIRST_EMPTY_BLOCK }));
    this.#replied = true;
  }

  #data(id: number, payload: Buffer, fin: boolean): void {
    if (!this.#silent) this.#outbox.data(id, payload, { encoding: "latin1", fin });
  }

  #control(frame: Buffer): void {
    if (!this.#silent) this.#outbox.control(frame);
  }
}

interface ConnectionOwner {
  write(chunk: Buffer, done: () => void): void;
  read(): void;
  over(): Promise<void>;
  fail(text: string): void;
}

class Connection implements PodConnection {
  readonly id: number;
  readonly errorId: number;
  readonly port: number;
  readonly stream: AppStream;
  clientEnded = false;
  /** Our side of the data stream is closed. */
  dataEnded = false;
  readonly fail: (text: string) => void;

  constructor(id: number, errorId: number, port: number, owner: ConnectionOwner) {
    this.id = id;
    this.errorId = errorId;
    this.port = port;
    this.stream = new AppStream(owner);
    this.fail = (text) => owner.fail(text);
  }
}

class AppStream extends Duplex {
  readonly #owner: ConnectionOwner;

  constructor(owner: ConnectionOwner) {
    super({ allowHalfOpen: true });
    this.#owner = owner;
  }

  receive(piece: Buffer | null): boolean {
    return this.readable ? this.push(piece) : true;
  }

  override _read(): void {
    this.#owner.read();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#owner.write(chunk, done);
  }

  override _final(done: () => void): void {
    done();
    void this.#owner.over();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    void this.#owner.over();
  }
}
