import * as asyncHooks from "node:async_hooks";
import type { Socket } from "node:net";
import { DecodeError, object, optional, string } from "./decode.ts";
import { CODES } from "./codes.ts";
import { isKnownError, KnownError, messageOf, type ErrorCode } from "./errors.ts";
import { parseQuietly } from "./quote.ts";
import type { System } from "./system.ts";
import { KiB, millis, type Millis } from "./units.ts";
import { flightPlaces, takeSeat, type Taken } from "./seat.ts";

/** What many processes may want at once and one of them fetches. */
export interface Flight<T> {
  /** Who wants the same has the same. */
  readonly key: string;
  /** How long to wait for another process. */
  readonly limit: Millis;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when another process turns out to be at it already. */
  readonly onWait: (pid: number) => void;
  /** What says something of this process only, such as that it has nobody to ask: one that waits tries for itself. */
  readonly isOwn?: (error: KnownError) => boolean;
  /** What is said past `limit` of the process that was waited for. Default: OIDC_LOGIN_TIMEOUT. */
  readonly late?: (pid: number) => KnownError;
  readonly render: (value: T) => string;
  readonly parse: (text: string) => T | undefined;
}

export interface Lead {
  /** Whether this process waited for one that ended without a word. */
  readonly tookOver: boolean;
}

/** A result is three tokens; more is not ours. */
const LINE_LIMIT = KiB(256);
/** For those who wait to take the result; whoever is stopped must not hold us. */
const FAREWELL = millis(2_000);
const PAUSE = millis(50);

/**
 * Of all processes of this user that want the same, one does the work; the others wait and get its result, or its
 * failure. When it ends without either (killed, or by Ctrl-C), one that waited goes on at once. Where processes cannot
 * agree (no directory that is theirs alone, a full disk) each works for itself.
 *
 * Whoever leads looks first whether the work was done meanwhile.
 * @throws {KnownError} OIDC_LOGIN_TIMEOUT past `limit`; what the leader met; the signal's reason
 * @throws {TypeError} when the work asks for the same flight again, which could never end
 */
export async function flyTogether<T>(
  flight: Flight<T>,
  lead: (how: Lead) => Promise<T>,
  system: System,
): Promise<T> {
  const inFlight = system.shared(
    "oidc flights",
    () => new asyncHooks.AsyncLocalStorage<ReadonlySet<string>>(),
  );
  const above = inFlight.getStore() ?? new Set<string>();
  if (above.has(flight.key)) throw new TypeError("a flight within the same flight would wait for itself");
  const work = async (tookOver: boolean): Promise<T> =>
    await inFlight.run(new Set([...above, flight.key]), async () => await lead({ tookOver }));
  const name = flight.key.slice(0, 32);
  const deadline = system.monotonic() + flight.limit;
  let said = false;
  let tookOver = false;
  for (;;) {
    flight.signal?.throwIfAborted();
    const followers = waitingRoom();
    const { signal } = flight;
    const seat = await anySeat(name, system, {
      onSocket: followers.welcome,
      ...(signal === undefined ? {} : { signal }),
    });
    if (seat === undefined) return await work(tookOver);
    if (!("socket" in seat)) {
      await using _seat = seat;
      return await leadThem(followers, flight, async () => await work(tookOver), system);
    }
    if (!said) flight.onWait(seat.holder.pid);
    said = true;
    const line = await lastLine(seat, flight, millis(deadline - system.monotonic()), system);
    if (line === undefined) {
      tookOver = true;
      // The kernel may not have closed all of it.
      await system.sleep(PAUSE, signal);
      continue;
    }
    const outcome = readOutcome(line, flight);
    if (outcome !== undefined) return outcome.value;
  }
}

/** In the first directory that can take one; a full disk has another beside it more often than not. */
const anySeat = async (
  name: string,
  system: System,
  options: Parameters<typeof takeSeat>[2],
): Promise<Awaited<ReturnType<typeof takeSeat>> | undefined> => {
  for (const directory of await flightPlaces(system))
    try {
      return await takeSeat({ directory, name }, system, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      system.log.verbose(1, `Processes cannot agree in "${directory}": ${messageOf(error)}`);
    }
  return undefined;
};

interface WaitingRoom {
  readonly welcome: (socket: Socket) => void;
  /** Tells all, those too who come later, and waits until they have it. */
  readonly tell: (line: string, system: System) => Promise<void>;
  /** Leaves them without a word: one of them goes on. */
  readonly leave: () => void;
}

const waitingRoom = (): WaitingRoom => {
  const sockets = new Set<Socket>();
  let last: string | undefined;
  let left = false;
  return {
    welcome: (socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("close", () => sockets.delete(socket));
      sockets.add(socket);
      // What they say is nothing to us; but it has to be read for their end to be seen.
      socket.resume();
      if (left) socket.destroy();
      if (last !== undefined) socket.end(last).setTimeout(FAREWELL, () => socket.destroy());
    },
    tell: async (line, system) => {
      last = line;
      const enough = new AbortController();
      const gone = [...sockets].map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once("close", () => resolve());
            socket.end(line);
          }),
      );
      await Promise.race([Promise.all(gone), system.sleep(FAREWELL, enough.signal).catch(() => undefined)]);
      enough.abort();
      for (const socket of sockets) socket.destroy();
    },
    leave: () => {
      left = true;
      for (const socket of sockets) socket.destroy();
    },
  };
};

const leadThem = async <T>(
  room: WaitingRoom,
  flight: Flight<T>,
  work: () => Promise<T>,
  system: System,
): Promise<T> => {
  try {
    const value = await work();
    await room.tell(`${JSON.stringify({ value: flight.render(value) })}\n`, system);
    return value;
  } catch (error) {
    // Whoever was called off has judged nothing for the others.
    if (flight.signal?.aborted === true || !isKnownError(error) || flight.isOwn?.(error) === true)
      room.leave();
    else
      await room.tell(
        `${JSON.stringify({ code: error.code, message: error.message, hint: error.hint })}\n`,
        system,
      );
    throw error;
  }
};

/** What the leader says at its end; undefined: it is gone without a word. */
const lastLine = async <T>(
  { socket, holder }: Taken,
  { signal, limit, late = lateSignIn(limit) }: Flight<T>,
  left: Millis,
  system: System,
): Promise<string | undefined> => {
  const enough = new AbortController();
  const parts: Buffer[] = [];
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      let length = 0;
      socket.on("data", (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length > LINE_LIMIT) socket.destroy();
      });
      if (socket.destroyed) resolve(undefined);
      socket.once("close", () => {
        const line = Buffer.concat(parts).toString("utf8");
        resolve(line.endsWith("\n") ? line : undefined);
      });
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { signal: enough.signal });
      if (signal?.aborted === true) reject(signal.reason as Error);
      system.sleep(millis(Math.max(0, left)), enough.signal).then(
        () => reject(late(holder.pid)),
        () => undefined,
      );
    });
  } finally {
    enough.abort();
    socket.destroy();
  }
};

const lateSignIn =
  (limit: Millis) =>
  (pid: number): KnownError =>
    new KnownError(
      "OIDC_LOGIN_TIMEOUT",
      `Cannot get a token: process ${pid} has been signing in for ${Math.round(limit / 1000)} s, and was waited for`,
      { hint: `Finish its sign-in, or end it (kill ${pid}). Then run the command again.` },
    );

const text = optional(string);
const OUTCOME = object({ value: text, code: text, message: text, hint: text });

/** @returns undefined: it makes no sense to this version. @throws {KnownError} what the leader met */
const readOutcome = <T>(line: string, flight: Flight<T>): { readonly value: T } | undefined => {
  const found = decodeOutcome(line);
  if (found?.value !== undefined) {
    const value = flight.parse(found.value);
    return value === undefined ? undefined : { value };
  }
  if (found?.code === undefined || !isCode(found.code)) return undefined;
  const { hint } = found;
  throw new KnownError(found.code, found.message ?? "", hint === undefined ? {} : { hint });
};

const decodeOutcome = (line: string): ReturnType<typeof OUTCOME> | undefined => {
  try {
    return OUTCOME(parseQuietly(line), "");
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

const isCode = (code: string): code is ErrorCode => Object.hasOwn(CODES, code);
