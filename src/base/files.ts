import * as fs from "node:fs";
import { dirname } from "node:path";
import { KnownError } from "./errors.ts";
import type { Bytes } from "./units.ts";

export interface FileFacts {
  readonly kind: "file" | "directory" | "other";
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
}

export interface Files {
  /** The bytes of a file. @throws {KnownError} FILE_TOO_LARGE past `limit`; Node's own errors otherwise */
  read(path: string, limit: Bytes): Promise<Buffer>;
  /** The same at once. For the kernel's small tables, whose many short reads cost a thread more than they take. */
  readNow(path: string, limit: Bytes): Buffer;
  facts(path: string): Promise<FileFacts | undefined>;
  list(path: string): Promise<readonly string[]>;
  /** Replaces a file as a whole: a reader sees the old or the new one, never a part. Mode 0600, parents 0700. */
  write(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /** Makes a new file and fails if anything, a symlink too, has that name. */
  create(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
}

const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

const tooLarge = (path: string, limit: Bytes): KnownError =>
  new KnownError("FILE_TOO_LARGE", `Cannot read "${path}": it is larger than ${limit} bytes`);

/** A plain file is read at once, for the start's sake; anything else may keep its reader waiting, so a thread waits. */
const readBounded = async (path: string, limit: Bytes): Promise<Buffer> => {
  const facts = fs.statSync(path, { throwIfNoEntry: false });
  if (facts === undefined || facts.isFile()) return readBoundedNow(path, limit);
  const handle = await fs.promises.open(path, "r");
  try {
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      total += bytesRead;
      if (total > limit) throw tooLarge(path, limit);
      parts.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
};

const readBoundedNow = (path: string, limit: Bytes): Buffer => {
  const file = fs.openSync(path, "r");
  try {
    let content = Buffer.allocUnsafe(64 * 1024);
    for (let total = 0; ;) {
      const length = fs.readSync(file, content, total, content.length - total, null);
      if (length === 0) return content.subarray(0, total);
      total += length;
      if (total > limit) throw tooLarge(path, limit);
      if (total === content.length) content = Buffer.concat([content, Buffer.allocUnsafe(total)]);
    }
  } finally {
    fs.closeSync(file);
  }
};

const createExclusive = async (path: string, content: string | Uint8Array, mode: number): Promise<void> => {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const handle = await fs.promises.open(path, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

export const realFiles: Files = {
  read: readBounded,
  readNow: readBoundedNow,
  facts: async (path) => {
    const found = await fs.promises.stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
    return { kind, mode: found.mode & 0o7777, uid: found.uid, size: found.size };
  },
  list: async (path) => await fs.promises.readdir(path),
  write: async (path, content, options = {}) => {
    await fs.promises.mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
    const { randomBytes } = await import("node:crypto");
    const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
    try {
      await createExclusive(draft, content, options.mode ?? PRIVATE_FILE);
      await fs.promises.rename(draft, path);
    } catch (error) {
      await fs.promises.rm(draft, { force: true });
      throw error;
    }
  },
  create: async (path, content, options = {}) => {
    await fs.promises.mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
    await createExclusive(path, content, options.mode ?? PRIVATE_FILE);
  },
  makeDirectory: async (path) => {
    await fs.promises.mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  },
  remove: async (path, options = {}) => {
    await fs.promises.rm(path, { force: true, recursive: options.recursive === true });
  },
};
