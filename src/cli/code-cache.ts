import { existsSync, lstatSync, mkdirSync } from "node:fs";
import * as nodeModule from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { places } from "../base/places.ts";

/**
 * Keeps compiled code between runs, which saves a fifth of the start. Whoever could write there could run code as the
 * person, so the directory has to be theirs alone; where it is not, or on a system without this, nothing is kept.
 */
export function keepCompiledCode(): void {
  if (process.versions["bun"] !== undefined || typeof nodeModule.enableCompileCache !== "function") return;
  const uid = process.getuid?.();
  const where = { env: process.env, platform: process.platform, home: homedir(), temp: tmpdir(), uid };
  const directory = join(places(where).cache, "code");
  try {
    if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) makeDirectories(directory);
    const facts = lstatSync(directory);
    const private_ = uid === undefined || (facts.uid === uid && (facts.mode & 0o077) === 0);
    if (facts.isDirectory() && private_) nodeModule.enableCompileCache(directory);
  } catch {
    // A home that cannot be written to is no reason not to run.
  }
}

/** Not Node's recursive way, which turns forever where nothing can be made, as in /proc. */
const makeDirectories = (directory: string): void => {
  const missing = [directory];
  for (let at = dirname(directory); !existsSync(at) && dirname(at) !== at; at = dirname(at))
    missing.unshift(at);
  for (const each of missing) mkdirSync(each, { mode: 0o700 });
};

/** Whether the command may be the one that kubectl waits for at each call, which has a file of its own. */
export const asksForToken = (): boolean => process.argv.includes("get-token");

/** The same for tokens of AWS IAM. */
export const asksForIamToken = (): boolean => process.argv.includes("iam") || process.argv.includes("eks");
