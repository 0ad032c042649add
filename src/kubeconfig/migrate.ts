import { KnownError, systemCode } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import type { System } from "../base/system.ts";
import type { Bytes } from "../base/units.ts";
import { pathRules } from "./path.ts";

/** What client-go passes over: there is nothing to copy, somebody was faster, or it is none of our business. */
const PASSED_OVER: ReadonlySet<string> = new Set(["ENOENT", "EACCES", "EPERM", "EEXIST"]);

/**
 * Copies a kubeconfig of kubectl's first years to where it belongs now, if nothing is there (L11). The rights stay, but
 * for those to execute.
 * @throws {KnownError} KUBECONFIG_INVALID
 */
export async function migrateLegacy(home: string, system: System, limit: Bytes): Promise<void> {
  const rules = pathRules(system.platform);
  const target = rules.join(home, ".kube", "config");
  const source = rules.join(
    system.env["HOME"] ?? "",
    ".kube",
    system.platform === "win32" ? "config" : ".kubeconfig",
  );
  // Without a home these are paths of the working directory, which is nobody's to write.
  if (home === "" || source === target || (await system.files.facts(target)) !== undefined) return;
  const facts = await system.files.facts(source);
  if (facts === undefined) return;
  if (facts.kind === "directory")
    throw new KnownError(
      "KUBECONFIG_INVALID",
      `cannot migrate ${source} to ${target} because it is a directory`,
      { hint: `Remove ${source}, or put a kubeconfig at ${target}` },
    );
  try {
    const content = await system.files.read(source, limit);
    await system.files.create(target, content, { mode: facts.mode & 0o666 });
    system.log.verbose(1, `Copied ${source} to ${target}`);
  } catch (error) {
    if (PASSED_OVER.has(systemCode(error) ?? "")) return;
    if (systemCode(error) === undefined) throw error;
    throw new KnownError("KUBECONFIG_INVALID", osError(target, error), { cause: error });
  }
}
