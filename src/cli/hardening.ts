import { writeFileSync } from "node:fs";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";

/** Node releases with the security fixes of March 2026 (security.md R-M2). */
const FIXED: readonly (readonly [number, number, number])[] = [
  [22, 22, 2],
  [24, 14, 1],
];
const OLDEST = 22;

/** @throws {KnownError} UNSAFE_ENVIRONMENT, exit 2; resolves to what deserves a warning */
export const checkRuntime = (
  env: Readonly<Record<string, string | undefined>>,
  node = process.versions["bun"] === undefined ? process.versions.node : undefined,
): readonly string[] => {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")
    throw new KnownError(
      "UNSAFE_ENVIRONMENT",
      "Refusing to run with NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate would be checked",
      {
        hint: "Unset NODE_TLS_REJECT_UNAUTHORIZED; name an authority that Node lacks in NODE_EXTRA_CA_CERTS",
      },
    );
  const warnings: string[] = [];
  if (node !== undefined) {
    const [major = 0, minor = 0, patch = 0] = node.split(".").map(Number);
    if (major < OLDEST)
      throw new KnownError(
        "UNSAFE_ENVIRONMENT",
        `Cannot run on Node ${node}: kauth needs Node ${OLDEST} or newer`,
        { hint: `Install Node ${OLDEST} or newer, or use the kauth binary, which needs none` },
      );
    const fixed = FIXED.find(([line]) => line === major);
    if (fixed !== undefined && (minor < fixed[1] || (minor === fixed[1] && patch < fixed[2])))
      warnings.push(`Node ${node} lacks the security fixes of ${fixed.join(".")}: update it`);
  }
  const told = {
    NODE_OPTIONS: /--inspect|--tls-keylog/.test(env["NODE_OPTIONS"] ?? ""),
    SSLKEYLOGFILE: (env["SSLKEYLOGFILE"] ?? "") !== "",
  };
  for (const [name, bad] of Object.entries(told))
    if (bad) warnings.push(`${name}=${env[name] ?? ""} lets others read what kauth sends`);
  return warnings;
};

/**
 * No inspector on SIGUSR1, no memory in core files, no environment in reports (security.md R-H5).
 * @throws {KnownError} UNSAFE_ENVIRONMENT
 */
export function hardenProcess(system: System): void {
  for (const warning of checkRuntime(system.env)) system.log.warn(warning);
  if (system.platform !== "win32") process.on("SIGUSR1", () => undefined);
  try {
    writeFileSync("/proc/self/coredump_filter", "0x0");
  } catch {
    // Only Linux has it, and some sandboxes do not let it be written.
  }
  // Reports are off unless Node was told otherwise, and to look at them takes longer than all the rest here.
  if (!/--report/.test([system.env["NODE_OPTIONS"], ...process.execArgv].join(" "))) return;
  const report: NodeJS.ProcessReport | undefined = process.report;
  if (report === undefined) return;
  report.reportOnFatalError = false;
  report.reportOnSignal = false;
  report.reportOnUncaughtException = false;
}
