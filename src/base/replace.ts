import * as fs from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./errors.ts";

const PRIVATE_FILE = 0o600;

/** What a draft meets where the file itself may well be written: another owner, or a mount point of its own. */
const NO_DRAFT: ReadonlySet<string> = new Set(["EPERM", "EBUSY", "EXDEV"]);

/** See `Files.replace`. @throws Node's own errors; then the old content is there */
export const replaceExisting = async (path: string, content: string | Uint8Array): Promise<void> => {
  const old = await fs.promises.stat(path);
  if (staysInPlace(old)) {
    await writeInto(path, content);
    return;
  }
  try {
    await renameOver(path, old, content);
  } catch (error) {
    if (!NO_DRAFT.has(systemCode(error) ?? "")) throw error;
    await writeInto(path, content);
  }
};

/**
 * Other names would keep the old content. And with an access list the group's bits are its mask, so a new file with these
 * bits would open it to the group. Node cannot tell. Bits that all others have too give the group nothing.
 */
const staysInPlace = ({ nlink, mode }: fs.Stats): boolean => nlink > 1 || ((mode >> 3) & ~mode & 0o7) !== 0;

/** See `Files.proveReplaceable`. */
export const proveReplaceable = async (path: string): Promise<void> => {
  const old = await fs.promises.stat(path);
  let made: fs.Stats | undefined;
  if (!staysInPlace(old)) {
    const draft = await openDraft(path);
    try {
      made = await draft.stat();
    } finally {
      await draft.close();
      await fs.promises.rm(draftOf(path), { force: true });
    }
  }
  if (made?.uid !== old.uid || made.gid !== old.gid) await fs.promises.access(path, fs.constants.W_OK);
};

const draftOf = (path: string): string => `${path}.kauth-draft`;

const openDraft = async (path: string): Promise<fs.promises.FileHandle> => {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  await fs.promises.rm(draftOf(path), { force: true });
  return await fs.promises.open(draftOf(path), O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), PRIVATE_FILE);
};

const renameOver = async (path: string, old: fs.Stats, content: string | Uint8Array): Promise<void> => {
  const draft = draftOf(path);
  const handle = await openDraft(path);
  try {
    try {
      await handle.writeFile(content);
      const made = await handle.stat();
      if (made.uid !== old.uid || made.gid !== old.gid) await handle.chown(old.uid, old.gid);
      await handle.chmod(old.mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(draft, path);
  } catch (error) {
    await fs.promises.rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
};

/** Over the old bytes; they are put back where the new ones do not fit. */
const writeInto = async (path: string, content: string | Uint8Array): Promise<void> => {
  const { O_RDWR, O_NOFOLLOW } = fs.constants;
  const handle = await fs.promises.open(path, O_RDWR | (O_NOFOLLOW ?? 0));
  const put = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length;)
      at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
    await handle.truncate(bytes.length);
  };
  try {
    const old = await handle.readFile();
    try {
      await put(Buffer.from(content));
      await handle.sync();
    } catch (error) {
      await put(old);
      throw error;
    }
  } finally {
    await handle.close();
  }
};

/** After it, a rename survives a loss of power. Windows and some network file systems have no such thing. */
export const syncDirectory = async (path: string): Promise<void> => {
  const handle = await fs.promises.open(path, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};
