import { KnownError, type ErrorCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { Millis } from "../base/units.ts";
import type { PluginPolicy } from "../kubeconfig/index.ts";
import { permittedProgram } from "./exec-policy.ts";
import { runPlugin } from "./exec-process.ts";
import { checkOwnership, type Origin, type OriginUse } from "./ownership.ts";

/** A program that a file of the person's names, and that gives credentials without being a plugin of kubectl's. */
export interface CredentialProgram {
  /** As messages name it, e.g. `the credential_process of profile "dev"`. */
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly policy: PluginPolicy;
  /** The files that name it, with what is said where others may write them. */
  readonly origins: readonly Origin[];
  readonly use: OriginUse;
  /** Of every failure but the policy's. */
  readonly code: ErrorCode;
  readonly timeout: Millis;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs it as a credential plugin is run: only from files that nobody else can write, only if kuberc allows it, without
 * a shell, bounded in time and output (security.md R-N10). It gets the terminal where there is one.
 * @returns what it printed
 * @throws {KnownError} EXEC_DENIED, `code` of the program and of its use; nothing of what it printed is quoted
 */
export async function runProgram(program: CredentialProgram, system: System): Promise<string> {
  const { what, command, args, policy, origins, use, code, timeout, signal } = program;
  for (const origin of origins) await checkOwnership(origin, system, { allow: false, use });
  const { env, platform, cwd, files } = system;
  const found = await permittedProgram(command, policy, {
    env,
    platform,
    cwd,
    executable: async (path) => await files.executable(path),
  });
  if (found.kind === "missing")
    throw new KnownError(code, `Cannot run ${what}: executable ${JSON.stringify(command)} not found`);
  const outcome = await runPlugin(
    {
      command,
      path: found.path,
      args,
      env: Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      ),
      interactive: system.stdinIsTerminal,
      timeout,
      signal,
    },
    system,
  );
  if (outcome.kind === "printed") return outcome.stdout;
  const said = outcome.said === "" ? "" : `\nIt said: ${outcome.said}`;
  throw new KnownError(code, `Cannot run ${what}: ${outcome.what}${said}`, { cause: outcome.error });
}
