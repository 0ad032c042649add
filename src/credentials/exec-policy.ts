import { posix, win32 } from "node:path";
import { KnownError } from "../base/errors.ts";
import type { PluginPolicy } from "../kubeconfig/index.ts";
import { isBare, lookPath, type Surroundings } from "./look-path.ts";

/** Where a plugin's program is; `path` is what is run, and nothing else. */
export type Program =
  | { readonly kind: "found"; readonly path: string }
  /** client-go says "not found", with the advice to install it. */
  | { readonly kind: "missing" };

/**
 * Finds the program of a cleaned command and asks the policy about it (credentials.md §1.9); the texts are client-go's.
 * What was checked is what is run. A path is not looked at here on Unix: starting it tells more.
 * @throws {KnownError} EXEC_DENIED
 */
export async function permittedProgram(
  command: string,
  policy: PluginPolicy,
  around: Surroundings,
): Promise<Program> {
  if (policy.kind === "DenyAll")
    throw denied(`plugin ${quoted(command)} not allowed: policy set to "DenyAll"`);
  const looked = isBare(command, around.platform) || around.platform === "win32";
  const found = looked ? await lookPath(command, around) : ({ kind: "found", path: command } as const);
  if (policy.kind === "Allowlist") {
    const path = await allowedPath(command, found.path === "" ? command : found.path, policy.entries, around);
    if (path !== undefined) return { kind: "found", path };
  }
  return found.kind === "found" ? found : { kind: "missing" };
}

/** The path that the list allows; undefined where it allows the command as it is written. @throws {KnownError} */
const allowedPath = async (
  command: string,
  path: string,
  entries: readonly string[],
  around: Surroundings,
): Promise<string | undefined> => {
  if (entries.includes(command) || entries.includes(path)) return undefined;
  const found = await lookPath(path, around);
  if (found.kind === "missing")
    throw denied(
      `plugin path ${quoted(path)} cannot be resolved for credential plugin allowlist check: ${found.reason}`,
    );
  if (entries.includes(found.path)) return found.path;
  const rules = around.platform === "win32" ? win32 : posix;
  // An entry may be a name where the command is a path, and the other way round.
  for (const entry of entries) {
    if (rules.basename(entry) !== rules.basename(path)) continue;
    const resolved = await lookPath(entry, around);
    if (resolved.kind === "found" && resolved.path === found.path) return found.path;
  }
  throw denied(`plugin path ${quoted(path)} is not permitted by the credential plugin allowlist`);
};

const quoted = (text: string): string => JSON.stringify(text);

const denied = (message: string): KnownError =>
  new KnownError("EXEC_DENIED", `getting credentials: ${message}`);
