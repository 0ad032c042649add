import { lstatSync, mkdirSync } from "node:fs";
import * as nodeModule from "node:module";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
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
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const facts = lstatSync(directory);
    const private_ = uid === undefined || (facts.uid === uid && (facts.mode & 0o077) === 0);
    if (facts.isDirectory() && private_) nodeModule.enableCompileCache(directory);
  } catch {
    // A home that cannot be written to is no reason not to run.
  }
}
