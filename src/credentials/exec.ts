import { abortable } from "../base/abortable.ts";
import { cached } from "../base/cached.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { after, between, KiB, millis, type EpochMillis, type Millis } from "../base/units.ts";
import type { ClientConfig, ExecConfig } from "../kubeconfig/index.ts";
import { sameCertificate } from "./apply.ts";
import { checkExecVersion, readExecCredential, writeExecInfo } from "./exec-credential.ts";
import { runExecPlugin } from "./exec-process.ts";
import { checkOwnership } from "./ownership.ts";
import type { Credential, CredentialSource } from "./types.ts";

export interface ExecOptions {
  /** After this the plugin and all it started is ended. Default 180 s: a person may be signing in. */
  readonly timeout?: Millis;
  /** Whether the terminal may be given to the plugin now. Default: when stdin is a terminal. */
  readonly interactive?: () => boolean;
}

const TIMEOUT = millis(180_000);
/** client-go's limit on repeating the advice to install the plugin. */
const HINTS_AN_HOUR = 10;
const HOUR = millis(3_600_000);
/** A server that refuses everything must not start a plugin for each answer (security.md F12: 2 in 10 s). */
const FORCED_GAP = millis(5_000);
/** An early refresh that failed is not tried again at once. */
const EARLY_GAP = millis(10_000);
const EARLY_MOST = 60_000;
const EARLY_SHARE = 0.1;
const CA_LIMIT = KiB(1024);

interface Issued {
  readonly credential: Credential;
  readonly at: EpochMillis;
}

/** min(60 s, 10 % of its life) before the end. */
const isEarly = (issued: Issued, now: EpochMillis): boolean => {
  const end = issued.credential.expiresAt;
  if (end === undefined) return false;
  const life = between(issued.at, end);
  return now >= end - Math.min(EARLY_MOST, Math.max(0, life) * EARLY_SHARE);
};

const isOver = (issued: Issued, now: EpochMillis): boolean => {
  const end = issued.credential.expiresAt;
  return end !== undefined && now > end;
};

/** A credential plugin as a source: one run for any number of callers, kept until its end or a 401. */
export function execSource(
  exec: ExecConfig,
  config: ClientConfig,
  system: System,
  options: ExecOptions = {},
): CredentialSource {
  checkExecVersion(exec.apiVersion);
  const hints: EpochMillis[] = [];
  const hint = (): string | undefined => {
    const now = system.now();
    while (hints[0] !== undefined && between(hints[0], now) >= HOUR) hints.shift();
    if (hints.length >= HINTS_AN_HOUR) return undefined;
    hints.push(now);
    return exec.installHint === undefined ? "" : sanitiseHint(exec.installHint);
  };
  let checked = false;
  const run = async (): Promise<Issued> => {
    if (!checked && config.userOrigin !== undefined) await checkOwnership(config.userOrigin, system);
    checked = true;
    const interactive = chooseInteractive(
      exec,
      system,
      options.interactive ?? (() => system.stdinIsTerminal),
    );
    const stdout = await runExecPlugin(
      {
        exec,
        interactive,
        timeout: options.timeout ?? TIMEOUT,
        hint,
        info: writeExecInfo({
          apiVersion: exec.apiVersion,
          interactive,
          cluster: exec.provideClusterInfo ? config.cluster : undefined,
          certificateAuthorityData: exec.provideClusterInfo ? await inlineCa(config, system) : undefined,
        }),
      },
      system,
    );
    return { credential: await readExecCredential(stdout, exec.apiVersion, exec.command), at: system.now() };
  };
  // Nothing is kept in here: it only lets all who ask at once share one run.
  const shared = cached(run, { fresh: () => false });
  let current: Issued | undefined;
  let quietUntil: EpochMillis | undefined;
  let forcedAt: EpochMillis | undefined;
  let renewing: Promise<Credential | undefined> | undefined;
  const fetch = async (): Promise<Credential> => {
    const issued = await shared.get();
    if (current === undefined || issued.at >= current.at) current = issued;
    quietUntil = undefined;
    return current.credential;
  };
  const fetchEarly = async (issued: Issued): Promise<Credential> => {
    if (quietUntil !== undefined && system.now() < quietUntil) return issued.credential;
    try {
      return await fetch();
    } catch (error) {
      if (isOver(issued, system.now())) throw error;
      if (quietUntil === undefined)
        system.log.warn(`Cannot refresh your credential yet: ${messageOf(error)}`);
      quietUntil = after(system.now(), EARLY_GAP);
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
  return {
    method: "exec",
    description: `credential plugin "${exec.command}"`,
    get: async (wishes = {}) => {
      const now = system.now();
      if (current === undefined || isOver(current, now)) return await abortable(fetch(), wishes.signal);
      if (wishes.early !== true || !isEarly(current, now)) return current.credential;
      return await abortable(fetchEarly(current), wishes.signal);
    },
    renew: async (rejected, wishes = {}) => {
      if (current !== undefined && current.credential !== rejected) return current.credential;
      const now = system.now();
      if (renewing === undefined) {
        if (forcedAt !== undefined && between(forcedAt, now) < FORCED_GAP) return undefined;
        forcedAt = now;
        renewing = renewOnce(rejected).finally(() => (renewing = undefined));
      }
      return await abortable(renewing, wishes.signal);
    },
  };
}

const sameCredential = (left: Credential, right: Credential): boolean => {
  const token = (credential: Credential): string | undefined =>
    credential.header?.kind === "bearer" ? credential.header.token.reveal() : undefined;
  return token(left) === token(right) && sameCertificate(left.certificate, right.certificate);
};

const CANNOT_ASK = "exec plugin cannot support interactive mode";

/** `spec.interactive` (credentials.md §2.1); the texts are client-go's. @throws {KnownError} EXEC_NOT_INTERACTIVE */
const chooseInteractive = (exec: ExecConfig, system: System, allowed: () => boolean): boolean => {
  switch (exec.interactiveMode) {
    case "Never":
      return false;
    case "IfAvailable":
      return system.stdinIsTerminal && allowed();
    case "Always":
      if (!system.stdinIsTerminal)
        throw new KnownError("EXEC_NOT_INTERACTIVE", `${CANNOT_ASK}: standard input is not a terminal`);
      if (!allowed())
        throw new KnownError("EXEC_NOT_INTERACTIVE", `${CANNOT_ASK}: standard input is unavailable`);
      return true;
    default:
      throw new KnownError(
        "EXEC_NOT_INTERACTIVE",
        `${CANNOT_ASK}: unknown interactiveMode: ${JSON.stringify(exec.interactiveMode)}`,
      );
  }
};

const inlineCa = async (config: ClientConfig, system: System): Promise<string | undefined> => {
  const { certificateAuthority, certificateAuthorityData } = config.cluster;
  if (certificateAuthorityData !== undefined || certificateAuthority === undefined)
    return certificateAuthorityData;
  try {
    return (await system.files.read(certificateAuthority, CA_LIMIT)).toString("utf8");
  } catch (error) {
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `failed to load CA bundle for execProvider: ${messageOf(error)}`,
      { cause: error },
    );
  }
};

/** Only letters, marks, numbers, punctuation, symbols, spaces and plain white space survive (credentials.md §1.7). */
const sanitiseHint = (hint: string): string =>
  hint.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t-\r]/gu,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
