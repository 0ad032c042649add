import { dirname, join } from "node:path";
import type { Socket } from "node:net";
import { DecodeError, integer, object, string } from "./decode.ts";
import { systemCode } from "./errors.ts";
import { places } from "./places.ts";
import { dialPrivately, isPrivateDirectory, listenPrivately } from "./private-socket.ts";
import { parseQuietly } from "./quote.ts";
import type { System } from "./system.ts";
import { KiB, millis } from "./units.ts";

/** Of the runtime directory; only its owner may look into it. */
export const FLIGHTS = "oidc";

/** Who holds a seat. What the process id is good for is a message: another may have it by now. */
export interface Holder {
  /** Of the socket that the kernel closes when its process ends, and chance: never given twice. */
  readonly id: string;
  readonly pid: number;
}

/** A seat that is ours until it is disposed of, or until we end. */
export interface Seat extends AsyncDisposable {
  readonly holder: Holder;
}

/** Somebody else's: their process answers on this socket. */
export interface Taken {
  readonly holder: Holder;
  readonly socket: Socket;
}

const HOLDER = object({ id: string, pid: integer });
const ID = /^[0-9a-f]{16}$/;
const LIMIT = KiB(4);
/** Both sides run on one machine, which may be busy. */
const DIAL_TIME = millis(10_000);
/** Of processes that wait for one; more would be more than a machine holds. */
const MOST = 4_096;
/** A lock on a lock on a lock: each level was killed in the microseconds that it takes to remove a file. */
const DEPTH = 3;
const PAUSE = millis(20);

/**
 * Where processes of a user can agree: directories that are theirs alone, on this machine; the best first. None where
 * modes bar nobody (Windows).
 */
export const flightPlaces = async (system: System): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const directory of flightNames(system))
    try {
      await system.files.makeDirectory(directory);
      if (await isFlightPlace(directory, system)) found.push(directory);
    } catch {
      // A home that cannot be written; the next may do.
    }
  return found;
};

/** Their names, whether they are there or not. */
export const flightNames = (system: System): readonly string[] =>
  system.uid === undefined
    ? []
    : [places(system).runtime, join(system.temp, `kauth-${system.uid}`)].map((above) => join(above, FLIGHTS));

export const isFlightPlace = async (directory: string, system: System): Promise<boolean> =>
  (await isPrivateDirectory(directory, system)) && (await staysOurs(dirname(directory), system));

/** Whether somebody sits there, of whatever home. Dialling does no harm: whoever waits for one is let in, and leaves. */
export const hasSeats = async (directory: string, system: System): Promise<boolean> => {
  const names = await system.files.list(directory).catch((): readonly string[] => []);
  const seats = await Promise.all(
    names
      .filter((name) => ID.test(name))
      .map(async (name) => {
        const path = join(directory, name);
        const socket = await dialPrivately(path, system, DIAL_TIME);
        if (typeof socket === "object") socket.destroy();
        // One that does not answer may have more to do than it can.
        return socket !== "dead" && (await system.files.nameFacts(path))?.kind === "other";
      }),
  );
  return seats.includes(true);
};

/** Whether nobody else can put another in its place. */
const staysOurs = async (directory: string, { uid, files }: System): Promise<boolean> => {
  const above = await files.facts(join(directory, ".."));
  if (above === undefined) return false;
  const closed = (above.mode & 0o022) === 0 || (above.mode & 0o1000) !== 0;
  return closed && (above.uid === uid || above.uid === 0);
};

/**
 * One seat for each name, over all processes of a user. The kernel says who lives: a holder listens on a socket, and
 * when the process ends, however that comes, nobody does. No clock and no process id decides.
 *
 * A lock file that names the holder is made once (O_EXCL). A dead one is removed under a lock of its own, whose name
 * has the dead holder's id in it: whoever comes late with old knowledge finds that lock about nobody any more.
 * @param onSocket who waits for us
 * @throws {KnownError} STATE_INVALID; Node's own errors, for a full disk too
 */
export async function takeSeat(
  { directory, name }: { readonly directory: string; readonly name: string },
  system: System,
  { onSocket, signal }: { readonly onSocket: (socket: Socket) => void; readonly signal?: AbortSignal },
): Promise<Seat | Taken> {
  const path = join(directory, `${name}.lock`);
  const before = await lookAt(path, directory, system);
  if (typeof before === "object" && "socket" in before) return before;
  const holder: Holder = { id: system.random(8).toString("hex"), pid: system.pid };
  // It listens before anybody can read of it, so whoever does not answer is dead.
  const listener = await listenPrivately(join(directory, holder.id), onSocket, system, { most: MOST });
  try {
    const other = await take({ path, directory, holder, depth: 0, signal }, system);
    if (other !== undefined) {
      await listener[Symbol.asyncDispose]();
      return other;
    }
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
  const takeBack = system.onExit(() => system.files.removeNow(path));
  return {
    holder,
    [Symbol.asyncDispose]: async () => {
      takeBack();
      // While we live nobody else removes it, so it is ours.
      await system.files.remove(path).catch(() => undefined);
      await listener[Symbol.asyncDispose]();
    },
  };
}

interface Wish {
  readonly path: string;
  readonly directory: string;
  readonly holder: Holder;
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
}

/** @returns who has it; undefined: we do */
const take = async (wish: Wish, system: System): Promise<Taken | undefined> => {
  const { path, directory, holder, depth } = wish;
  for (;;) {
    try {
      await system.files.create(path, JSON.stringify(holder));
      return undefined;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    const found = await lookAt(path, directory, system);
    if (found === undefined) continue;
    if (found === "busy") {
      await system.sleep(PAUSE, wish.signal);
      continue;
    }
    if ("socket" in found) return found;
    if (depth >= DEPTH) throw new Error(`"${path}" is left over and cannot be removed`);
    await removeDead({ ...wish, depth: depth + 1 }, found.dead, system);
  }
};

/** Removes the lock of a dead holder, if it still is that one's; where another is at it, waits a little. */
const removeDead = async (wish: Wish, dead: string, system: System): Promise<void> => {
  const { path, directory } = wish;
  const guard = join(directory, `${dead}.gone`);
  const other = await take({ ...wish, path: guard }, system);
  if (other !== undefined) {
    other.socket.destroy();
    await system.sleep(PAUSE, wish.signal);
    return;
  }
  try {
    const now = await lookAt(path, directory, system);
    if (typeof now === "object" && "socket" in now) now.socket.destroy();
    if (typeof now === "object" && "dead" in now && now.dead === dead) {
      await system.files.remove(path);
      await system.files.remove(join(directory, dead));
    }
  } finally {
    await system.files.remove(guard);
  }
};

/** Who holds the lock of that name: alive, with a connection; dead; alive as far as can be told; or nobody. */
const lookAt = async (
  path: string,
  directory: string,
  system: System,
): Promise<Taken | { readonly dead: string } | "busy" | undefined> => {
  const facts = await system.files.nameFacts(path);
  if (facts === undefined) return undefined;
  const holder = facts.kind === "file" ? await readHolder(path, system) : undefined;
  if (holder === undefined) {
    // Gone by now, or none of ours: its name has to do, and a lock that nobody holds is dead.
    const again = await system.files.nameFacts(path);
    return again === undefined ? undefined : { dead: UNREADABLE };
  }
  const name = join(directory, holder.id);
  const socket = await dialPrivately(name, system, DIAL_TIME);
  if (typeof socket === "object") {
    // It may be over before anybody listens to it.
    socket.on("error", () => socket.destroy());
    return { holder, socket };
  }
  // Its name goes at its end. One that is there and does not answer may have more to do than it can.
  const gone = socket === "dead" || (await system.files.nameFacts(name)) === undefined;
  return gone ? { dead: holder.id } : "busy";
};

const UNREADABLE = "unreadable";

const readHolder = async (path: string, system: System): Promise<Holder | undefined> => {
  try {
    const holder = HOLDER(parseQuietly((await system.files.read(path, LIMIT)).toString("utf8")), "");
    return ID.test(holder.id) ? holder : undefined;
  } catch (error) {
    if (error instanceof DecodeError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
};
