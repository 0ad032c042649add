import type { Writable } from "node:stream";
import { backoff, type Backoff } from "../../base/backoff.ts";
import { messageOf } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";
import { restUntilOther } from "./rest.ts";
import type { Wire } from "./wire.ts";

/** A success that lasted this many milliseconds was none of a peer that only seems to be there. */
const LASTED = 5_000;
/** How long a refusal that may pass, such as that of an API server that is starting, is waited out. */
const REFUSED_FOR = 15_000;
/** How often a stream looks whether its credential has been replaced. */
const LOOK = millis(30_000);
/** The old one is good for so long after that, at most (security.md F11). */
const OLD_LIFE = 60_000;

/** The largest object that an API server stores is 1.5 MiB; what is larger than this is no event. */
export const EVENT_MAX = 16 * 1024 * 1024;
/** Nor is what comes in more pieces than this, each of which costs a call. */
export const PIECES_MAX = 65_536;

/** Resolves once a browser has taken what was written for it; never when it leaves before. */
export const taken = async (to: Writable): Promise<void> => {
  if (to.writableNeedDrain) await new Promise<void>((resolve) => to.once("drain", resolve));
};

/** What a try to go on gives. */
type Tried<T> = { readonly status: number } & T;

/** Takes one stream of events up again and again, and anew when the credential that opened it is over. */
export class Resuming {
  readonly #wire: Wire;
  readonly #signal: AbortSignal;
  readonly #onOld: () => void;
  readonly #stop = new AbortController();
  readonly #startedAt: number;
  readonly #waits: Backoff;
  /** The next try needs no pause before it. */
  #first = true;
  #openedAt = 0;
  #authorization: RawHeaders = [];
  #looking = false;

  /** @param onOld the credential of the stream is over: it has to be opened with the new one */
  constructor(wire: Wire, signal: AbortSignal, onOld: () => void) {
    this.#wire = wire;
    this.#waits = backoff(() => wire.system.random(1).readUInt8() / 256);
    this.#startedAt = wire.system.monotonic();
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#onOld = onOld;
  }

  /** It is open, with these headers. */
  opened(authorization: RawHeaders): void {
    this.#openedAt = this.#wire.system.monotonic();
    this.#authorization = authorization;
    if (!this.#looking && authorization.length > 0) void this.#look();
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Whether it has lasted as long as was asked for, so that its end is its own. */
  timeIsOver(target: string): boolean {
    const asked = /[?&]timeoutSeconds=(\d{1,9})(?:&|$)/.exec(target)?.[1];
    const elapsed = this.#wire.system.monotonic() - this.#startedAt;
    return asked !== undefined && elapsed >= Number(asked) * 1000 - 1_000;
  }

  /**
   * Tries until it is open again. Undefined: it is not, and never will be; or nobody wants it any more.
   * @param attempt opens it; status 200 is a success, 401 makes another credential, 410 is the end
   */
  async run<T>(
    attempt: (authorization: RawHeaders, abort: AbortController) => Promise<Tried<T>>,
  ): Promise<(T & { readonly authorization: RawHeaders }) | undefined> {
    const { system } = this.#wire;
    const now = (): number => system.monotonic();
    if (now() - this.#openedAt > LASTED) {
      this.#waits.reset();
      this.#first = true;
    }
    let rejected: RawHeaders | undefined;
    let refusedSince: number | undefined;
    while (!this.#signal.aborted) {
      try {
        await this.#pause();
        const authorization = await this.#wire.authorize(rejected);
        if (this.#signal.aborted) return undefined;
        const again = rejected !== undefined;
        const tried = await this.#within(async (abort) => await attempt(authorization, abort));
        if (tried.status === 410) return undefined;
        if (tried.status === 200) return { ...tried, authorization };
        rejected = tried.status === 401 ? authorization : undefined;
        // A new credential that is refused as well is refused for another reason.
        if (tried.status >= 400 && tried.status < 500 && (tried.status !== 401 || again)) {
          refusedSince ??= now();
          if (now() - refusedSince > REFUSED_FOR) return undefined;
        }
      } catch (error) {
        if (this.#signal.aborted) return undefined;
        // Nobody is there who refuses.
        refusedSince = undefined;
        system.log.verbose(2, `Resuming a watch: ${messageOf(error)}`);
      }
    }
    return undefined;
  }

  /** Each try has a controller of its own: a dial that takes too long aborts it. */
  async #within<T>(act: (abort: AbortController) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const leave = (): void => abort.abort(this.#signal.reason);
    this.#signal.addEventListener("abort", leave, { once: true });
    try {
      return await act(abort);
    } finally {
      this.#signal.removeEventListener("abort", leave);
    }
  }

  async #pause(): Promise<void> {
    if (this.#first) this.#first = false;
    else if (await restUntilOther(this.#wire, this.#waits.next(), this.#signal)) this.#waits.reset();
  }

  /** A stream outlives its token (ui-traffic U15), and must not: from its end on it is somebody's without a right. */
  async #look(): Promise<void> {
    this.#looking = true;
    const { system } = this.#wire;
    let replacedAt: number | undefined;
    while (!this.#signal.aborted) {
      await system.sleep(LOOK, this.#signal).catch((): void => undefined);
      if (this.#signal.aborted) break;
      const now = await this.#wire.authorize(undefined).catch(() => this.#authorization);
      if (now === this.#authorization) replacedAt = undefined;
      else replacedAt ??= system.monotonic();
      if (replacedAt === undefined || system.monotonic() - replacedAt < OLD_LIFE) continue;
      replacedAt = undefined;
      this.#onOld();
    }
    this.#looking = false;
  }
}
