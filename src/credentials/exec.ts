import { abortable } from "../base/abortable.ts";
import { cached } from "../base/cached.ts";
import { messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { isWithin, millis, type EpochMillis } from "../base/units.ts";
import type { ClientConfig, ExecConfig } from "../kubeconfig/index.ts";
import { sameCertificate } from "./apply.ts";
import type { ExecOptions } from "./exec-run.ts";
import { isEarly, isOver, type Issued } from "./life.ts";
import type { Credential, CredentialSource } from "./types.ts";

export type { ExecCall, ExecOptions } from "./exec-run.ts";

/** A server that refuses everything must not start a plugin for each answer (security.md F12: 2 in 10 s). */
const FORCED_GAP = millis(5_000);
/** Nor must a page that asks again and again start one that fails, and maybe opens a browser, for each request. */
const EARLY_GAP = millis(10_000);

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
  const run = async (): Promise<Credential> => await (await runner.get())();
  let current: Issued | undefined;
  // Nothing is kept in here: it only lets all who ask at once share one run.
  const shared = cached(
    async (): Promise<Issued> => {
      const credential = await run();
      // One run at a time: the last to end is the newest, whatever the clock says.
      current = { credential, at: system.now() };
      return current;
    },
    { fresh: () => false },
  );
  let failure: { readonly error: unknown; readonly at: EpochMillis } | undefined;
  /** Since the last run that succeeded. */
  let warned = false;
  let forcedAt: EpochMillis | undefined;
  let renewing: Promise<Credential | undefined> | undefined;
  const failedLately = (): boolean => failure !== undefined && isWithin(EARLY_GAP, failure.at, system.now());
  const fetch = async (): Promise<Credential> => {
    options.signal?.throwIfAborted();
    try {
      const { credential } = await shared.get();
      failure = undefined;
      warned = false;
      return credential;
    } catch (error) {
      failure = { error, at: system.now() };
      throw error;
    }
  };
  const fetchEarly = async (issued: Issued | undefined): Promise<Credential> => {
    const good = issued !== undefined && !isOver(issued, system.now());
    if (failure !== undefined && failedLately()) {
      if (good) return issued.credential;
      throw failure.error;
    }
    const first = failure === undefined;
    try {
      return await fetch();
    } catch (error) {
      if (issued === undefined || isOver(issued, system.now())) throw error;
      // All who shared the run hear of its failure.
      if (first && !warned) system.log.warn(`Cannot refresh your credential yet: ${messageOf(error)}`);
      warned ||= first;
      return issued.credential;
    }
  };
  const renewOnce = async (rejected: Credential): Promise<Credential | undefined> => {
    try {
      const renewed = await fetch();
      return sameCredential(renewed, rejected) ? undefined : renewed;
    } catch (error) {
      // client-go keeps the old ones as well (credentials.md §2.3).
      system.log.verbose(1, `refreshing credentials: ${messageOf(error)}`);
      return undefined;
    }
  };
  /** Whoever leaves because all ends does so when the plugin has ended. */
  const waitFor = async <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    try {
      return await abortable(work, signal);
    } catch (error) {
      if (options.signal?.aborted === true) await work.catch((): void => undefined);
      throw error;
    }
  };
  return {
    method: "exec",
    description: `credential plugin "${exec.command}"`,
    get: async (wishes = {}) => {
      const now = system.now();
      const wanting = current === undefined || isOver(current, now);
      if (wishes.early === true && (wanting || (current !== undefined && isEarly(current, now))))
        return await waitFor(fetchEarly(current), wishes.signal);
      if (current === undefined || wanting) return await waitFor(fetch(), wishes.signal);
      return current.credential;
    },
    renew: async (rejected, wishes = {}) => {
      if (current !== undefined && current.credential !== rejected) return current.credential;
      const now = system.now();
      if (renewing === undefined) {
        if (forcedAt !== undefined && isWithin(FORCED_GAP, forcedAt, now)) return undefined;
        forcedAt = now;
        renewing = renewOnce(rejected).finally(() => (renewing = undefined));
      }
      return await waitFor(renewing, wishes.signal);
    },
    failure: () => failure?.error,
    forget: () => {
      failure = undefined;
      forcedAt = undefined;
    },
  };
};

const sameCredential = (left: Credential, right: Credential): boolean => {
  const token = (credential: Credential): string | undefined =>
    credential.header?.kind === "bearer" ? credential.header.token.reveal() : undefined;
  return token(left) === token(right) && sameCertificate(left.certificate, right.certificate);
};
