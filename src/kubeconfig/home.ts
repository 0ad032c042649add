import { win32 } from "node:path";
import type { System } from "../base/system.ts";

type Surroundings = Pick<System, "env" | "platform" | "home"> & {
  readonly files: Pick<System["files"], "facts">;
};

/** The user's own right to write, as Go derives it from Windows' read-only attribute. */
const OWNER_WRITES = 0o200;

/**
 * The directory whose `.kube` counts. On Windows client-go's search (credentials.md §1.1): who has a kubeconfig, else
 * who may be written, else who exists, else who is set. "" where there is none.
 */
export async function homeDirectory(around: Surroundings): Promise<string> {
  if (around.platform !== "win32") return around.home;
  const { env, files } = around;
  const drive = env["HOMEDRIVE"] ?? "";
  const path = env["HOMEPATH"] ?? "";
  const home = env["HOME"] ?? "";
  const profile = env["USERPROFILE"] ?? "";
  const drivePath = drive === "" || path === "" ? "" : drive + path;
  for (const candidate of [home, drivePath, profile])
    if (candidate !== "" && (await files.facts(win32.join(candidate, ".kube", "config"))) !== undefined)
      return candidate;
  // Here the profile comes first, for the sake of other programs that write credentials.
  const set = [home, profile, drivePath].filter((candidate) => candidate !== "");
  let existing: string | undefined;
  for (const candidate of set) {
    const facts = await files.facts(candidate);
    if (facts?.kind === "directory" && (facts.mode & OWNER_WRITES) !== 0) return candidate;
    if (facts !== undefined) existing ??= candidate;
  }
  return existing ?? set[0] ?? "";
}
