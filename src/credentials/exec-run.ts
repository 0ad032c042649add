import { KnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { between, KiB, millis, type Millis } from "../base/units.ts";
import { cleanPath, type ClientConfig, type ExecConfig, type PluginPolicy } from "../kubeconfig/index.ts";
import { readExecCredential } from "./exec-credential.ts";
import { pluginEnvironment } from "./exec-environment.ts";
import { writeExecInfo, type ExecCluster } from "./exec-info.ts";
import { permittedProgram } from "./exec-policy.ts";
import { runOurselves, type OwnProgram } from "./exec-own.ts";
import { runPlugin, type Outcome, type PluginProcess } from "./exec-process.ts";
import { installHints } from "./install-hint.ts";
import { chooseInteractive } from "./interactive.ts";
import { checkOwnership } from "./ownership.ts";
import type { Credential } from "./types.ts";

export interface ExecOptions {
  /** Which plugins may run. Default: all, as kubectl without a kuberc. */
  readonly policy?: PluginPolicy;
  /** Run the plugin of a kubeconfig that others can write, with a warning. Default false. */
  readonly allowWritable?: boolean;
  /**
   * How long it is waited for without a word. A person may be signing in, so a plugin is ended, with all that it
   * started, after three times that. Default 60 s.
   */
  readonly timeout?: Millis;
  /** Whether the terminal may be given to the plugin now. Default: when stdin is a terminal. */
  readonly interactive?: () => boolean;
  /** Why it may not, for a plugin that insists. */
  readonly unavailable?: string;
  /** The end of the whole program: a plugin that runs then is asked to end, and ended, and no other is started. */
  readonly signal?: AbortSignal;
  /** Runs kauth itself in process, where a kubeconfig names it as the plugin. Default: it is spawned as any other. */
  readonly own?: OwnProgram | undefined;
  /** Hears of every run, for who wants to explain it. */
  readonly onCall?: (call: ExecCall) => void;
}

/** How a run went, in the words of client-go's metrics (credentials.md §2.4). */
export interface ExecCall {
  /** "" where the policy was not asked, since something else was wrong before. */
  readonly policy: "allowed" | "denied" | "";
  readonly status: "no_error" | "plugin_execution_error" | "plugin_not_found_error" | "client_internal_error";
  /** The plugin's own where it ended by itself, 0 where all went well, else 1. */
  readonly code: number;
  /** The program that was run, or would have been. */
  readonly path: string | undefined;
  readonly took: Millis;
}

const TIMEOUT = millis(60_000);
const CA_LIMIT = KiB(1024);

/**
 * One run of a plugin: who may write the kubeconfig, the terminal, what it is told, the policy, its run, what it printed,
 * in client-go's order and with its texts (credentials.md §2.2).
 * @throws {KnownError} from what is returned: KUBECONFIG_WRITABLE, EXEC_…, CLIENT_CONFIG_INVALID, TOKEN_INVALID
 */
export function pluginRunner(
  exec: ExecConfig,
  config: ClientConfig,
  system: System,
  options: ExecOptions,
): () => Promise<Credential> {
  // As client-go since 1.35.
  const command = cleanPath(exec.command, system.platform);
  const hints = installHints(exec.installHint, system);
  const timeout = options.timeout ?? TIMEOUT;
  let checked = false;
  const { userOrigin, userOriginFacts } = config;
  const prepare = async (): Promise<{ readonly interactive: boolean; readonly info: string }> => {
    if (!checked && userOrigin !== undefined) {
      const origin = { path: userOrigin, facts: userOriginFacts };
      await checkOwnership(origin, system, { allow: options.allowWritable ?? false });
    }
    checked = true;
    const { stdinIsTerminal } = system;
    const free = options.interactive?.() ?? true;
    const interactive = chooseInteractive(exec.interactiveMode, {
      stdinIsTerminal,
      taken: free ? undefined : (options.unavailable ?? ""),
    });
    const cluster = exec.provideClusterInfo ? await clusterOf(config, system) : undefined;
    return { interactive, info: writeExecInfo({ apiVersion: exec.apiVersion, interactive, cluster }) };
  };
  const run = async (call: Draft): Promise<Credential> => {
    const { interactive, info } = await prepare();
    const { env, platform, cwd } = system;
    const around = {
      env,
      platform,
      cwd,
      executable: async (path: string) => await system.files.executable(path),
    };
    call.policy = "denied";
    const program = await permittedProgram(command, options.policy ?? { kind: "AllowAll" }, around);
    call.policy = "allowed";
    call.status = "plugin_not_found_error";
    if (program.kind === "missing")
      throw new KnownError(
        "EXEC_NOT_FOUND",
        `getting credentials: exec: executable ${command} not found${hints()}`,
      );
    call.path = program.path;
    const plugin: PluginProcess = {
      command,
      path: program.path,
      args: exec.args,
      env: pluginEnvironment(env, exec.env, info, platform),
      given: new Set(exec.env.map(({ name }) => name)),
      interactive,
      timeout: millis(timeout * 3),
      signal: options.signal,
    };
    // The checks above are the same for both (security.md R-N10).
    const inProcess = options.own === undefined ? undefined : await runOurselves(plugin, options.own, system);
    const outcome = await withNotice(inProcess?.() ?? runPlugin(plugin, system), {
      command,
      timeout,
      system,
    });
    if (outcome.kind === "failed") {
      call.code = outcome.exitCode ?? 1;
      if (outcome.exitCode !== undefined) call.status = "plugin_execution_error";
      else if (outcome.error.code !== "EXEC_NOT_FOUND") call.status = "client_internal_error";
      throw outcome.error;
    }
    call.status = "no_error";
    call.code = 0;
    return await readExecCredential(outcome.stdout, exec.apiVersion, command);
  };
  return async () => {
    const begin = system.now();
    const call: Draft = { policy: "", status: "client_internal_error", code: 1, path: undefined };
    try {
      return await run(call);
    } finally {
      options.onCall?.({ ...call, took: between(begin, system.now()) });
    }
  };
}

type Draft = { -readonly [Key in Exclude<keyof ExecCall, "took">]: ExecCall[Key] };

interface Notice {
  readonly command: string;
  readonly timeout: Millis;
  readonly system: System;
}

const withNotice = async (work: Promise<Outcome>, { command, timeout, system }: Notice): Promise<Outcome> => {
  const over = new AbortController();
  system.sleep(timeout, over.signal).then(
    () =>
      system.log.say(
        `Still waiting for credential plugin "${command}"; it is ended ${(timeout * 2) / 1000} s from now`,
      ),
    (): void => undefined,
  );
  try {
    return await work;
  } finally {
    over.abort();
  }
};

const clusterOf = async (config: ClientConfig, system: System): Promise<ExecCluster> => {
  const { certificateAuthority, certificateAuthorityData } = config.cluster;
  if (certificateAuthorityData !== undefined || certificateAuthority === undefined)
    return { config, certificateAuthorityData };
  try {
    const pem = await system.files.read(certificateAuthority, CA_LIMIT);
    return { config, certificateAuthorityData: pem.toString("utf8") };
  } catch (error) {
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `failed to load CA bundle for execProvider: ${messageOf(error)}`,
      { cause: error },
    );
  }
};
