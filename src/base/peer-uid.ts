import { isKnownError } from "./errors.ts";
import type { ReadMemory } from "./files.ts";
import { connectionsOf, findConnection, type SocketAddress, type SocketRow } from "./proc-net.ts";
import type { System } from "./system.ts";
import { KiB, MiB, bytes, millis, type Millis } from "./units.ts";

/** A row has 150 bytes; this is room for some 400,000 sockets. */
const TABLE_LIMIT = MiB(64);

/** Tables of up to some 1700 sockets are read in a millisecond or two. */
const QUICK = KiB(256);

/**
 * A read takes 5 to 15 ms whatever is in the tables, since the kernel walks all its buckets. A browser's six connections
 * are answered at once; of a tool that opens hundreds, one after the other, many wait for the same read.
 */
const READS_AT_ONCE = 8;
const READ_EVERY = millis(50);
/** After each read it is nobody's turn for so many times its length: who comes meanwhile shares the next. */
const REST = 2;

/** Questions for which it is quicker to search the table than to take all of it in. */
const SEARCHED = 2;

const TABLES = ["/proc/self/net/tcp", "/proc/self/net/tcp6"] as const;

export interface PeerUids {
  /**
   * The user that holds the other end of an accepted loopback connection, or undefined if that cannot be told
   * (the other end is closed already, or the tables cannot be read). Look-ups that come together share one read.
   */
  uidOf(peer: SocketAddress, ours: SocketAddress): Promise<number | undefined>;
}

interface Question {
  readonly peer: SocketAddress;
  readonly ours: SocketAddress;
  readonly answer: (uid: number | undefined) => void;
  /** One read did not have it. */
  readonly missed: boolean;
}

/**
 * A socket that its process has closed is shown with uid 0 and inode 0: that is nobody, not root, or a program
 * could send a request, close at once and be taken for root.
 */
const owner = (row: SocketRow | undefined): number | undefined =>
  row === undefined || row.inode === 0 ? undefined : row.uid;

/**
 * Reads whose connection it is from the kernel's tables (security.md R-C4).
 * @returns undefined where the system has no such tables (not Linux, or hidden): the check is off there
 */
export async function peerUids(system: System): Promise<PeerUids | undefined> {
  if (system.platform !== "linux" || system.uid === undefined) return undefined;
  const memory = { bytes: Buffer.alloc(KiB(64)) };
  /** Bytes of the first table when they were last read. */
  let size = 0;
  /** Whether it can be read. It is used at once: its memory is that of the next read. */
  const read = async (path: string, use: (table: Buffer) => void): Promise<boolean> => {
    try {
      const content =
        size > QUICK ? await system.files.read(path, TABLE_LIMIT) : system.files.readNow(path, QUICK, memory);
      if (path === TABLES[0]) size = content.length;
      use(content);
      return true;
    } catch (error) {
      // It has grown: from now on it is read without holding everything up.
      if (isKnownError(error, "FILE_TOO_LARGE") && size <= QUICK) {
        size = Number.POSITIVE_INFINITY;
        return await read(path, use);
      }
      // Without IPv6 in the kernel the second table does not exist.
      return false;
    }
  };
  if (!canRead(system, memory)) {
    system.log.warn(`Other users of this machine cannot be told apart: "${TABLES[0]}" cannot be read`);
    return undefined;
  }
  let waiting: Question[] = [];
  const pause = readPause(system);
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const wait = pause.next();
      if (wait > 0) await system.sleep(wait);
      // Only those that were accepted before the read began are sure to be in it.
      const batch = waiting;
      waiting = [];
      const began = system.monotonic();
      let open: readonly Question[] = batch;
      for (const path of TABLES) {
        if (open.length === 0) break;
        await read(path, (table) => {
          const find =
            open.length > SEARCHED
              ? connectionsOf(table)
              : (peer: SocketAddress, ours: SocketAddress) => findConnection(table, peer, ours);
          open = open.filter(({ peer, ours, answer }) => {
            const row = find(peer, ours);
            if (row !== undefined) answer(owner(row));
            return row === undefined;
          });
        });
      }
      pause.read(began);
      for (const question of open) {
        // The kernel gives the table in pieces, and what moves meanwhile can be missing from all of them.
        if (question.missed) question.answer(undefined);
        else waiting.push({ ...question, missed: true });
      }
    }
    running = false;
  };
  return {
    uidOf: (peer, ours) =>
      new Promise((answer) => {
        waiting.push({ peer, ours, answer, missed: false });
        // Connections of one turn of the event loop go together.
        if (!running) {
          running = true;
          setImmediate(() => void run());
        }
      }),
  };
}

/** The kernel makes no more of the table than is asked for, which is much quicker than all of it. */
const canRead = ({ files }: System, memory: ReadMemory): boolean => {
  try {
    files.readNow(TABLES[0], bytes(1), memory);
    return true;
  } catch (error) {
    return isKnownError(error, "FILE_TOO_LARGE");
  }
};

interface ReadPause {
  /** How long the next read has to wait: some may come soon, the others one by one. */
  next(): Millis;
  /** One has ended. @param began when it began */
  read(began: Millis): void;
}

const readPause = (system: System): ReadPause => {
  let left = READS_AT_ONCE;
  let at = system.monotonic();
  let rested = at;
  return {
    next: () => {
      const now = system.monotonic();
      // Below zero stands for reads that wait already.
      left = Math.min(READS_AT_ONCE, left + (now - at) / READ_EVERY) - 1;
      at = now;
      return millis(Math.max(0, -left * READ_EVERY, rested - now));
    },
    read: (began) => {
      const now = system.monotonic();
      rested = millis(now + Math.min(READ_EVERY, REST * (now - began)));
    },
  };
};
