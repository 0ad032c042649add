import { chmod, lstat, rename, rm } from "node:fs/promises";
import type { Server, Socket } from "node:net";
// Loaded when it is first used: it takes milliseconds.
import * as net from "node:net";
import { dirname } from "node:path";
import { KnownError, systemCode } from "./errors.ts";
import { untilOpen } from "./opening.ts";
import type { System } from "./system.ts";
import type { Millis } from "./units.ts";

/** Of a name of a socket, in bytes: macOS has room for 104 and Linux for 108, with a zero at the end (unix(4), unix(7)). */
export const SOCKET_PATH_MAX = 103;

type Owner = Pick<System, "platform" | "uid" | "files">;

/**
 * Whether only this user, and root, can get at what is in a directory: its own name is no symlink, it is ours, and others
 * may not even look. What stands above it may be open to read, so what is above it has to be ours too, or root's.
 */
export async function isPrivateDirectory(path: string, { uid, files }: Owner): Promise<boolean> {
  if (uid === undefined) return false;
  const [own, above] = await Promise.all([files.nameFacts(path), files.nameFacts(dirname(path))]);
  if (own?.kind !== "directory" || own.uid !== uid || (own.mode & 0o077) !== 0) return false;
  // Whoever may write there could put another directory in its place.
  return above?.kind === "directory" && (above.uid === uid || above.uid === 0) && (above.mode & 0o022) === 0;
}

/** Whether there is a socket of this user's that no symlink leads to. */
const isOwnSocket = async (path: string, uid: number | undefined): Promise<boolean> => {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && found.isSocket() && found.uid === uid;
};

export interface PrivateListener extends AsyncDisposable {
  readonly path: string;
}

/**
 * Listens on a socket that only this user can reach: of mode 0600, in a directory that `isPrivateDirectory` finds to be
 * so. Its name appears when it listens, so one that refuses is dead.
 * @param most connections at once; more are sent away
 * @throws {KnownError} STATE_INVALID: the directory is not ours alone, or the name is too long; Node's own errors
 */
export async function listenPrivately(
  path: string,
  onSocket: (socket: Socket) => void,
  system: System,
  { most }: { readonly most: number },
): Promise<PrivateListener> {
  const draft = `${path}.new`;
  if (Buffer.byteLength(draft) > SOCKET_PATH_MAX)
    throw new KnownError(
      "STATE_INVALID",
      `Cannot listen on "${path}": the name of a socket has ${SOCKET_PATH_MAX} bytes at most`,
      { hint: "Name a shorter directory with XDG_RUNTIME_DIR or KAUTH_HOME." },
    );
  await system.files.makeDirectory(dirname(path));
  if (!(await isPrivateDirectory(dirname(path), system)))
    throw new KnownError("STATE_INVALID", `Cannot use "${dirname(path)}": it must be yours alone`, {
      hint: "Remove it, or name another directory of yours with XDG_RUNTIME_DIR or KAUTH_HOME.",
    });
  const server = net.createServer(onSocket);
  server.maxConnections = most;
  await listen(server, draft);
  server.on("error", () => undefined);
  const takeBack = system.onExit(() => system.files.removeNow(path));
  try {
    await chmod(draft, 0o600);
    await rename(draft, path);
  } catch (error) {
    takeBack();
    await close(server);
    throw error;
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      takeBack();
      await rm(path, { force: true });
      await close(server);
    },
  };
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/**
 * Connects to a socket of this user's. What is anything else, or not in a directory of ours alone, is not even tried.
 * @returns "dead": nobody listens on it any more; undefined: it is none of ours, or does not answer in time
 */
export async function dialPrivately(
  path: string,
  system: Owner,
  timeout: Millis,
): Promise<Socket | "dead" | undefined> {
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) return undefined;
  if (!(await isPrivateDirectory(dirname(path), system))) return undefined;
  if (!(await isOwnSocket(path, system.uid))) return undefined;
  try {
    return await untilOpen(net.connect(path), "connect", { timeout, signal: new AbortController().signal });
  } catch (error) {
    return systemCode(error) === "ECONNREFUSED" ? "dead" : undefined;
  }
}
