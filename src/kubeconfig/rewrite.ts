import { isDeepStrictEqual } from "node:util";
import { isKnownError, KnownError, systemCode } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import type { System } from "../base/system.ts";
import { KUBECONFIG_LIMIT } from "./load.ts";
import { lockFiles } from "./lock.ts";
import { parseJsonText, parseYaml } from "./yaml.ts";

export interface Rewriting {
  /** What is to be saved, for messages: `the new credential of user "u"`. */
  readonly what: string;
  readonly system: System;
  readonly write: (path: string, text: string) => Promise<void>;
}

/**
 * Changes a kubeconfig under its lock, as it is then. Nothing is written where `change` gives nothing, or where the file
 * is gone. @throws {KnownError} KUBECONFIG_LOCKED, KUBECONFIG_UNWRITABLE, KUBECONFIG_INVALID
 */
export const rewriteFile = async (
  path: string,
  { what, system, write }: Rewriting,
  change: (text: string) => Promise<string | undefined>,
): Promise<void> => {
  try {
    const real = await system.files.realPath(path);
    // Others lock the name that they were given, which may be a symlink's.
    await using _lock = await lockFiles([path, real], system);
    const bytes = await system.files.read(real, KUBECONFIG_LIMIT);
    const text = bytes.toString("utf8");
    const changed = await change(text);
    if (changed === undefined) return;
    if (!Buffer.from(text).equals(bytes)) throw unwritableFile(what, path, "it is not UTF-8");
    await write(real, changed);
  } catch (error) {
    if (isKnownError(error)) throw error;
    if (systemCode(error) === undefined) throw error;
    if (systemCode(error) === "ENOENT" && (await system.files.facts(path)) === undefined) return;
    throw unwritableFile(what, path, osError(path, error), error);
  }
};

export const unwritableFile = (what: string, path: string, reason: string, cause?: unknown): KnownError =>
  new KnownError("KUBECONFIG_UNWRITABLE", `Cannot save ${what} in "${path}": ${reason}`, { cause });

/** Whether an edited text says what was meant. */
export const means = async (text: string, wanted: unknown, isJson: boolean): Promise<boolean> => {
  try {
    if (isJson && parseJsonText(text) === undefined) return false;
    return isDeepStrictEqual(await parseYaml(text), wanted);
  } catch {
    return false;
  }
};
