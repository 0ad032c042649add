import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The first file of that name on PATH. */
export const findProgram = async (name: string): Promise<string | undefined> => {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
};
