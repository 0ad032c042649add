import { basename } from "node:path";
import type { System } from "./system.ts";
import { escapeLine } from "./terminal.ts";

/** A program that holds a socket. */
export interface SocketOwner {
  readonly pid: number;
  /** Name of its file; escaped. */
  readonly program: string;
}

/** Descriptors of one program; a server may have ten thousand, and nobody waits for more. */
const DESCRIPTORS_MOST = 4_096;

/**
 * Which program holds a socket, by its inode. Undefined where it cannot be told: other users' programs show it to root
 * only, and systems other than Linux to nobody.
 */
export async function socketOwner(inode: number, system: System): Promise<SocketOwner | undefined> {
  if (system.platform !== "linux" || inode === 0) return undefined;
  const { files } = system;
  const list = async (path: string): Promise<readonly string[]> =>
    await files.list(path).catch((): readonly string[] => []);
  for (const pid of (await list("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of (await list(`/proc/${pid}/fd`)).slice(0, DESCRIPTORS_MOST)) {
      const facts = await files.nameFacts(`/proc/${pid}/fd/${descriptor}`);
      if (facts?.target !== `socket:[${inode}]`) continue;
      const program = (await files.nameFacts(`/proc/${pid}/exe`))?.target?.replace(/ \(deleted\)$/, "");
      return { pid: Number(pid), program: escapeLine(basename(program ?? "a program")) };
    }
  }
  return undefined;
}
