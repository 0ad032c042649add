import * as crypto from "node:crypto";
import * as fs from "node:fs";
import { dirname } from "node:path";
import { KnownError, systemCode } from "./errors.ts";
import { proveReplaceable, replaceExisting, syncDirectory } from "./replace.ts";
import { epochMillis, type Bytes, type EpochMillis } from "./units.ts";

export interface FileFacts {
  readonly kind: "file" | "directory" | "other";
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  /** When the content was written last. */
  readonly modified: EpochMillis;
}

/** A name itself, not what is behind it. */
export interface NameFacts extends Omit<FileFacts, "kind"> {
  readonly kind: FileFacts["kind"] | "link";
  /** What a symlink says. */
  readonly target: string | undefined;
}

/** What `readNow` reads into. Made anew for each read, it would be megabytes a second that only the collector frees. */
export interface ReadMemory {
  bytes: Buffer;
}

export interface Files {
  /** The bytes of a file. @throws {KnownError} FILE_TOO_LARGE past `limit`; Node's own errors otherwise */
  read(path: string, limit: Bytes): Promise<Buffer>;
  /**
   * The same at once. For the kernel's small tables, whose many short reads cost a thread more than they take.
   * @param memory read into, and grown where it is too small: what is given is good until it is used again
   */
  readNow(path: string, limit: Bytes, memory: ReadMemory): Buffer;
  /** The same as `read`, with the facts of the very file that the bytes came from, whatever has its name by then. */
  readWithFacts(path: string, limit: Bytes): Promise<{ readonly content: Buffer; readonly facts: FileFacts }>;
  facts(path: string): Promise<FileFacts | undefined>;
  /** Of the name itself, also where it is a symlink's. Undefined where it is not there or cannot be looked at. */
  nameFacts(path: string): Promise<NameFacts | undefined>;
  list(path: string): Promise<readonly string[]>;
  /**
   * Replaces a file as a whole, on the disk when this returns: a reader sees the old or the new one, never a part. Mode
   * 0600, parents 0700.
   */
  write(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /**
   * Replaces somebody's existing file, on the disk when this returns: mode, owner, links and access lists stay. A reader
   * sees the old or the new one, except where only writing into the file keeps all that. `path` is no symlink, and the
   * caller holds a lock of it: the draft beside it has a fixed name, so that a writer that was killed leaves one at most,
   * and the next writer takes it away.
   */
  replace(path: string, content: string | Uint8Array): Promise<void>;
  /** Whether it could be replaced now, as far as that can be told without writing. @throws Node's own errors */
  proveReplaceable(path: string): Promise<void>;
  /** Makes a new file and fails if anything, a symlink too, has that name. `parents: false` makes no directory for it. */
  create(
    path: string,
    content: string | Uint8Array,
    options?: { readonly mode?: number; readonly parents?: boolean },
  ): Promise<void>;
  /** Makes a new name for a file, a symlink unless `hard`. @throws Node's own errors, EEXIST where anything has the name */
  link(path: string, target: string, options?: { readonly hard?: boolean }): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Of the thing itself: a symlink is not followed. @throws Node's own errors */
  setMode(path: string, mode: number): Promise<void>;
  /**
   * Writes a few bytes into a file of fixed slots, at once and with no promise that they outlive a loss of power. Made
   * with mode 0600 if it is missing; a symlink is not followed. @throws Node's own errors
   */
  patchNow(path: string, at: number, content: Uint8Array): void;
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  /** The same for a file at once: for the end of the process. */
  removeNow(path: string): void;
  /** The file itself, behind every symlink. */
  realPath(path: string): Promise<string>;
  /** Whether it is there, is no directory and may be run by us (on Windows: is there). */
  executable(path: string): Promise<boolean>;
  /** The kind of file system that it lies on, as a number of the platform's (on Linux `f_type` of statfs). */
  fileSystem(path: string): Promise<number | undefined>;
}

const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

const tooLarge = (path: string, limit: Bytes): KnownError =>
  new KnownError("FILE_TOO_LARGE", `Cannot read "${path}": it is larger than ${limit} bytes`);

export const factsOf = (found: fs.Stats): FileFacts => ({
  kind: found.isFile() ? "file" : found.isDirectory() ? "directory" : "other",
  mode: found.mode & 0o7777,
  uid: found.uid,
  size: found.size,
  modified: epochMillis(found.mtimeMs),
});

/** A plain file is read at once, for the start's sake; anything else may keep its reader waiting, so a thread waits. */
const readWithFacts: Files["readWithFacts"] = async (path, limit) => {
  const known = fs.statSync(path, { throwIfNoEntry: false });
  if (known === undefined || known.isFile()) {
    const file = fs.openSync(path, "r");
    try {
      const memory = { bytes: Buffer.allocUnsafe(64 * 1024) };
      return { content: readDescriptor(file, { path, limit }, memory), facts: factsOf(fs.fstatSync(file)) };
    } finally {
      fs.closeSync(file);
    }
  }
  const handle = await fs.promises.open(path, "r");
  try {
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
      if (bytesRead === 0) return { content: Buffer.concat(parts), facts: factsOf(await handle.stat()) };
      total += bytesRead;
      if (total > limit) throw tooLarge(path, limit);
      parts.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
};

const readBoundedNow = (path: string, limit: Bytes, memory: ReadMemory): Buffer => {
  const file = fs.openSync(path, "r");
  try {
    return readDescriptor(file, { path, limit }, memory);
  } finally {
    fs.closeSync(file);
  }
};

const readDescriptor = (
  file: number,
  { path, limit }: { readonly path: string; readonly limit: Bytes },
  memory: ReadMemory,
): Buffer => {
  for (let total = 0; ;) {
    const { bytes } = memory;
    const length = fs.readSync(file, bytes, total, bytes.length - total, null);
    if (length === 0) return bytes.subarray(0, total);
    total += length;
    if (total > limit) throw tooLarge(path, limit);
    if (total === bytes.length) memory.bytes = Buffer.concat([bytes, Buffer.alloc(total)]);
  }
};

const createExclusive = async (path: string, content: string | Uint8Array, mode: number): Promise<void> => {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const handle = await fs.promises.open(path, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    // On a full disk an empty file would stay.
    await fs.promises.rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
};

/**
 * Node's own recursive way turns forever where the system says of a name that can be made nowhere that it does not
 * exist: in /proc, and below homes that are mounted when they are asked for.
 */
const makeDirectories = async (path: string): Promise<void> => {
  const once = async (): Promise<string | undefined> => {
    try {
      await fs.promises.mkdir(path, { mode: PRIVATE_DIRECTORY });
      return undefined;
    } catch (error) {
      const there = await fs.promises.stat(path).catch(() => undefined);
      if (there?.isDirectory() === true) return undefined;
      if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
      return dirname(path);
    }
  };
  const missing = await once();
  if (missing === undefined) return;
  await makeDirectories(missing);
  // The second time its parent is there, so that what says otherwise is final.
  if ((await once()) !== undefined)
    throw Object.assign(new Error(`ENOENT: no such file or directory, mkdir '${path}'`), { code: "ENOENT" });
};

/** A new name in the directory of `path`, which is made if it is missing. */
const draftBeside = async (path: string, parents = true): Promise<string> => {
  if (parents) await makeDirectories(dirname(path));
  return `${path}.${crypto.randomBytes(6).toString("hex")}.new`;
};

/** What file systems say that have no second names for a file (exFAT, some network shares). */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

export const realFiles: Files = {
  read: async (path, limit) => (await readWithFacts(path, limit)).content,
  readWithFacts,
  readNow: readBoundedNow,
  facts: async (path) => {
    const found = await fs.promises.stat(path).catch(() => undefined);
    return found === undefined ? undefined : factsOf(found);
  },
  nameFacts: async (path) => {
    try {
      const found = await fs.promises.lstat(path);
      if (!found.isSymbolicLink()) return { ...factsOf(found), target: undefined };
      return { ...factsOf(found), kind: "link", target: await fs.promises.readlink(path) };
    } catch {
      return undefined;
    }
  },
  list: async (path) => await fs.promises.readdir(path),
  write: async (path, content, options = {}) => {
    const draft = await draftBeside(path);
    try {
      await createExclusive(draft, content, options.mode ?? PRIVATE_FILE);
      await fs.promises.rename(draft, path);
    } catch (error) {
      await fs.promises.rm(draft, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  },
  replace: replaceExisting,
  proveReplaceable,
  create: async (path, content, options = {}) => {
    const mode = options.mode ?? PRIVATE_FILE;
    if (content.length === 0) {
      // Nothing of it can be half made. Locks are such files, and a killed program must leave no more than the lock.
      if (options.parents !== false) await makeDirectories(dirname(path));
      return await createExclusive(path, content, mode);
    }
    const draft = await draftBeside(path, options.parents);
    try {
      await createExclusive(draft, content, mode);
      // Whoever sees the name sees the whole file, whatever ends us before or after.
      await fs.promises.link(draft, path);
    } catch (error) {
      if (!WITHOUT_LINKS.has(systemCode(error) ?? "")) throw error;
      await createExclusive(path, content, mode);
    } finally {
      await fs.promises.rm(draft, { force: true });
    }
  },
  link: async (path, target, { hard = false } = {}) => {
    await (hard ? fs.promises.link(target, path) : fs.promises.symlink(target, path));
  },
  makeDirectory: makeDirectories,
  setMode: async (path, mode) => {
    const { O_RDONLY, O_NOFOLLOW } = fs.constants;
    const handle = await fs.promises.open(path, O_RDONLY | (O_NOFOLLOW ?? 0));
    try {
      await handle.chmod(mode);
    } finally {
      await handle.close();
    }
  },
  patchNow: (path, at, content) => {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
    const file = fs.openSync(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0), PRIVATE_FILE);
    try {
      fs.writeSync(file, content, 0, content.length, at);
    } finally {
      fs.closeSync(file);
    }
  },
  remove: async (path, options = {}) => {
    await fs.promises.rm(path, { force: true, recursive: options.recursive === true });
  },
  removeNow: (path) => fs.rmSync(path, { force: true }),
  realPath: async (path) => await fs.promises.realpath(path),
  executable: async (path) => {
    try {
      if ((await fs.promises.stat(path)).isDirectory()) return false;
      await fs.promises.access(path, fs.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  fileSystem: async (path) => (await fs.promises.statfs(path).catch(() => undefined))?.type,
};
