import { dirname, join } from "node:path";
import type { System } from "./system.ts";

/** Where the directory that was named is open to others. */
const PRIVATE_NAME = "kauth-private";

/** Where secrets may be kept: the directory itself, or one of ours in it; made if missing. Undefined: nowhere there. */
export const privatePlace = async (directory: string, system: System): Promise<string | undefined> => {
  const { files, uid } = system;
  try {
    await files.makeDirectory(directory);
  } catch {
    // It may be there all the same, on a file system that cannot be written.
  }
  try {
    if (await isPrivate(directory, system)) return directory;
    const own = join(directory, PRIVATE_NAME);
    // Below a symlink or in somebody else's directory, ours could be taken away and replaced.
    const facts = await files.nameFacts(directory);
    if (facts?.kind !== "directory" || facts.uid !== uid) return undefined;
    await files.makeDirectory(own);
    const made = await files.nameFacts(own);
    if (made?.kind === "directory" && made.uid === uid && (made.mode & 0o077) !== 0)
      await files.setMode(own, 0o700);
    return (await isPrivate(own, system)) ? own : undefined;
  } catch {
    return undefined;
  }
};

/** The same without making anything: for whoever only looks. */
export const privatePlaces = async (directory: string, system: System): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const place of [directory, join(directory, PRIVATE_NAME)])
    if (await isPrivate(place, system)) found.push(place);
  return found;
};

/** Ours, closed to others, and nobody else can put another in its place (security.md R-K1). */
const isPrivate = async (directory: string, { uid, files }: System): Promise<boolean> => {
  if (uid === undefined) return true;
  const own = await files.nameFacts(directory);
  if (own?.kind !== "directory" || own.uid !== uid || (own.mode & 0o077) !== 0) return false;
  for (let at = dirname(directory); ; at = dirname(at)) {
    const above = await files.facts(at);
    if (above === undefined || (above.uid !== uid && above.uid !== 0)) return false;
    const sticky = (above.mode & 0o1000) !== 0;
    if ((above.mode & 0o022) !== 0 && !sticky) return false;
    if (dirname(at) === at) return true;
  }
};
