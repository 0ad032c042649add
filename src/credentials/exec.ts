import { cached } from "../base/cached.ts";
import type { System } from "../base/system.ts";
import type { ClientConfig, ExecConfig } from "../kubeconfig/index.ts";
import type { ExecOptions } from "./exec-run.ts";
import { fetchedSource } from "./fetched.ts";
import type { CredentialSource } from "./types.ts";

export type { ExecCall, ExecOptions } from "./exec-run.ts";

/**
 * A credential plugin as a source: one run for any number of callers, kept until its end or a 401. The whole process
 * has one source for one configuration, as client-go has (credentials.md §2.3); nothing is kept on a disk.
 */
export function execSource(
  exec: ExecConfig,
  config: ClientConfig,
  system: System,
  options: ExecOptions = {},
): CredentialSource {
  const make = (): CredentialSource => pluginSource(exec, config, system, options);
  // Who listens wants to hear its own runs.
  if (options.onCall !== undefined) return make();
  const { signal, interactive } = options;
  const shared = system.shared("credentials: exec", () => new Map<string, Shared>());
  const key = execKey(exec, config, options);
  const known = shared.get(key);
  if (known !== undefined && known.signal === signal && known.interactive === interactive)
    return known.source;
  const source = make();
  shared.set(key, { source, signal, interactive });
  return source;
}

/** A source with what decides over its runs and cannot be part of a key. */
interface Shared {
  readonly source: CredentialSource;
  readonly signal: ExecOptions["signal"];
  readonly interactive: ExecOptions["interactive"];
}

/** All that decides what a plugin gives. Names of users and contexts do not; the file does, by who may write it. */
const execKey = (exec: ExecConfig, config: ClientConfig, options: ExecOptions): string =>
  JSON.stringify([
    exec,
    exec.provideClusterInfo ? [config.cluster, config.server.href] : null,
    config.userOrigin,
    config.userOriginFacts,
    options.policy,
    options.allowWritable,
    options.timeout,
    options.interactive?.() ?? true,
    options.unavailable,
  ]);

const pluginSource = (
  exec: ExecConfig,
  config: ClientConfig,
  system: System,
  options: ExecOptions,
): CredentialSource => {
  // Loaded for the first run: whoever has a token starts sooner without it.
  const runner = cached(async () => {
    const { pluginRunner } = await import("./exec-run.ts");
    return pluginRunner(exec, config, system, options);
  });
  return fetchedSource({
    method: "exec",
    description: `credential plugin "${exec.command}"`,
    fetch: async () => await (await runner.get())(),
    system,
    signal: options.signal,
  });
};
