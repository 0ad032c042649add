import { dirname } from "node:path";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";

const STICKY = 0o1000;

/**
 * Whoever can write a kubeconfig chooses the program that runs as you (security.md R-I1 as settled in the specs):
 * a foreign owner or everybody's right to write refuses, the group's warns.
 * @throws {KnownError} KUBECONFIG_WRITABLE, exit 2
 */
export async function checkOwnership(path: string, system: System): Promise<void> {
  if (system.uid === undefined) return;
  const file = await system.files.facts(path);
  const directory = await system.files.facts(dirname(path));
  const reasons: string[] = [];
  for (const [what, facts] of [
    [`"${path}"`, file],
    [`its directory "${dirname(path)}"`, directory],
  ] as const) {
    if (facts === undefined) continue;
    if (facts.uid !== system.uid && facts.uid !== 0) reasons.push(`${what} belongs to user ${facts.uid}`);
    // In a sticky directory only the owner can replace a file.
    const open = (facts.mode & 0o002) !== 0 && !(facts.kind === "directory" && (facts.mode & STICKY) !== 0);
    if (open) reasons.push(`everybody may write ${what}`);
  }
  if (reasons.length > 0) {
    const text = `Refusing to run the credential plugin of kubeconfig "${path}": ${reasons.join(" and ")}`;
    if (!hasNoRealModes(path, system)) throw new KnownError("KUBECONFIG_WRITABLE", text);
    system.log.warn(
      `${text.replace("Refusing to run", "Running")} (this file system has no real permissions)`,
    );
  } else if (file !== undefined && (file.mode & 0o020) !== 0)
    system.log.warn(`The group may write "${path}" and so choose which credential plugin runs as you`);
}

/** Windows drives in WSL show every file as writable by everybody (security.md R-N17). */
const hasNoRealModes = (path: string, system: System): boolean =>
  system.env["WSL_DISTRO_NAME"] !== undefined && /^\/mnt\/[a-z]\//.test(path);
