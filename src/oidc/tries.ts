import { join } from "node:path";
import { DecodeError, integer, object, optional, string } from "../base/decode.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { parseQuietly } from "../base/quote.ts";
import { spoken } from "../base/spoken.ts";
import type { System } from "../base/system.ts";
import { epochMillis, isDate, isWithin, KiB, millis, type EpochMillis, type Millis } from "../base/units.ts";
import { flightPlaces } from "../base/seat.ts";

/** Sign-ins that a person was asked for and that came to nothing, one after the other. */
export interface Tries {
  readonly count: number;
  /** When the last one began, or failed. */
  readonly at: EpochMillis;
  /** Undefined: it was never heard of again. */
  readonly reason: string | undefined;
}

/**
 * What programs that ask again and again may open in a browser: after a failure the next tab comes after 10 s, then 40 s,
 * 160 s … and one a day. Over a night these are seven.
 */
const FIRST = millis(10_000);
const FACTOR = 4;
const MOST = millis(24 * 3_600_000);

/** A process that waited for one that was killed goes on at once, but not for ever: each may have opened a tab. */
const TAKEOVERS = 3;

const LIMIT = KiB(8);
const REASON_MOST = 300;
const SHAPE = object({ version: integer, count: integer, at: integer, reason: optional(string) });

/** The pause after so many tries in a row that came to nothing. */
export const pauseAfter = (count: number): Millis =>
  count <= 0 ? millis(0) : millis(Math.min(MOST, FIRST * FACTOR ** Math.min(count - 1, 12)));

/** How long nobody is to be asked; zero: now is fine. */
export const pauseLeft = (tries: Tries | undefined, now: EpochMillis, tookOver: boolean): Millis => {
  if (tries === undefined) return millis(0);
  if (tookOver && tries.count <= TAKEOVERS) return millis(0);
  // One that was killed may have been killed for good reason, and a page that was closed be wanted after all.
  if (tries.reason === undefined && tries.count <= 1) return millis(0);
  const pause = pauseAfter(tries.count);
  // A clock that was set back says nothing; the next try begins a new pause.
  return isWithin(pause, tries.at, now) ? millis(tries.at + pause - now) : millis(0);
};

export interface TriesMemory {
  /** @throws {KnownError} OIDC_LOGIN_WAITS: the last ones came to nothing, and it is too early for the next */
  check(how: { readonly tookOver: boolean; readonly command: string }): Promise<void>;
  /** Before a person is asked, so that it is known also of a process that is killed. */
  begin(): Promise<void>;
  failed(error: unknown): Promise<void>;
  succeeded(): Promise<void>;
}

/** What is known of the tries for one key. Where nothing can be kept nothing is known; that fails nothing. */
export async function triesOf(key: string, system: System): Promise<TriesMemory> {
  const [directory] = await flightPlaces(system);
  const path = directory === undefined ? undefined : join(directory, `${key.slice(0, 32)}.tried`);
  const read = async (): Promise<Tries | undefined> =>
    path === undefined ? undefined : await readTries(path, system);
  const write = async (tries: Tries): Promise<void> => {
    if (path === undefined) return;
    try {
      await system.files.write(path, `${JSON.stringify({ version: 1, ...tries })}\n`);
    } catch (error) {
      system.log.verbose(1, `Cannot remember that a sign-in was begun: ${messageOf(error)}`);
    }
  };
  return {
    check: async ({ tookOver, command }) => {
      const tries = await read();
      const left = pauseLeft(tries, system.now(), tookOver);
      if (tries === undefined || left <= 0) return;
      throw waits(tries, left, system.now(), command);
    },
    begin: async () => {
      const before = await read();
      await write({ count: (before?.count ?? 0) + 1, at: system.now(), reason: undefined });
    },
    failed: async (error) => {
      const before = await read();
      const reason = messageOf(error).slice(0, REASON_MOST);
      await write({ count: Math.max(1, before?.count ?? 0), at: system.now(), reason });
    },
    succeeded: async () => {
      if (path !== undefined) await system.files.remove(path).catch(() => undefined);
    },
  };
}

const readTries = async (path: string, { files }: System): Promise<Tries | undefined> => {
  try {
    const content = await files.read(path, LIMIT).catch(() => undefined);
    const { version, count, at, reason } = SHAPE(parseQuietly(content?.toString("utf8") ?? ""), "");
    return version === 1 && isDate(at) ? { count, at: epochMillis(at), reason } : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};

const waits = (tries: Tries, left: Millis, now: EpochMillis, command: string): KnownError => {
  const ago = spoken(millis(now - tries.at));
  const what =
    tries.reason === undefined
      ? `a sign-in was begun ${ago} ago, and nobody finished it`
      : `the last sign-in failed ${ago} ago: ${tries.reason}`;
  return new KnownError("OIDC_LOGIN_WAITS", `Cannot get a token: ${what}`, {
    hint: `To sign in now: ${command}. By itself it is tried again in ${spoken(left)}.`,
  });
};
