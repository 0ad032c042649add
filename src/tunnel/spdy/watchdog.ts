import { seconds, toMillis, type Millis } from "../../base/units.ts";

/** How often a tunnel looks at itself; also what the rest of its housekeeping runs by. */
export const TICK = toMillis(seconds(1));

/** Middle boxes drop idle connections after tens of seconds, and a dead one must show within 12 s. */
const ASK_EVERY = toMillis(seconds(5));
/** With the interval and a tick this makes 12 s at most. */
const ANSWER_WITHIN = toMillis(seconds(6));
/** After the machine slept: the connection is either alive or was dropped long ago. */
const ANSWER_AFTER_SLEEP = toMillis(seconds(2));
const SLEPT = toMillis(seconds(10));
/**
 * A connection alone on its tunnel whose application does not read stops PINGs too, for there are no windows. Which of
 * the two it is cannot be seen, so a slow application gets a minute.
 */
const BLOCKED_ALONE = toMillis(seconds(60));

export interface Vitals {
  /** Monotonic. */
  readonly now: Millis;
  /** The wall clock, which goes on while the machine sleeps. */
  readonly wall: number;
  /** Chunks read, ever. */
  readonly reads: number;
  /** Bytes that the kernel did not take yet, and those it took, ever. */
  readonly unwritten: number;
  readonly written: number;
  /** We stopped reading ourselves, so that no answer can come. */
  readonly paused: boolean;
  /** Connections on the tunnel. */
  readonly streams: number;
}

export type Verdict = "well" | "ask" | "dead";

/** Decides when to send a SPDY PING and when a tunnel is dead. Pure: its clock is what it is told. */
export class Watchdog {
  #last: Vitals;
  #alive: number;
  #asked: number;
  /** When the first unanswered PING left. */
  #waitingSince: number | undefined;
  #within = ANSWER_WITHIN;
  #stalled = false;

  constructor(vitals: Vitals) {
    this.#last = vitals;
    this.#alive = vitals.now;
    this.#asked = vitals.now;
  }

  /** An answer is overdue, yet something still moves: no new connections here. */
  get stalled(): boolean {
    return this.#stalled;
  }

  answered(): void {
    this.#waitingSince = undefined;
    this.#stalled = false;
    this.#within = ANSWER_WITHIN;
  }

  tick(vitals: Vitals): Verdict {
    const last = this.#last;
    this.#last = vitals;
    const wasBlocked = last.unwritten > 0;
    // Bytes taken by a kernel whose buffer has room prove nothing; those taken by one that was full do.
    if (vitals.reads !== last.reads || vitals.paused || (wasBlocked && vitals.written !== last.written)) {
      this.#alive = vitals.now;
    }
    if (Math.max(vitals.now - last.now, vitals.wall - last.wall) > SLEPT) {
      this.#alive = vitals.now;
      this.#waitingSince = undefined;
      return this.#ask(vitals.now, ANSWER_AFTER_SLEEP);
    }
    if (this.#waitingSince !== undefined && vitals.now - this.#waitingSince >= this.#within) {
      this.#stalled = true;
      const quiet = vitals.now - Math.max(this.#alive, this.#waitingSince);
      const blocked = wasBlocked && vitals.unwritten > 0 && vitals.streams === 1;
      if (quiet >= (blocked ? BLOCKED_ALONE : this.#within)) return "dead";
    }
    // Asked again while an answer is due: a server has five workers for frames, and one that is stuck swallows PINGs.
    return vitals.now - this.#asked >= ASK_EVERY ? this.#ask(vitals.now, this.#within) : "well";
  }

  #ask(now: Millis, within: Millis): Verdict {
    this.#waitingSince ??= now;
    this.#asked = now;
    this.#within = within;
    return "ask";
  }
}
