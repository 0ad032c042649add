import { abortable } from "../../base/abortable.ts";
import { cached } from "../../base/cached.ts";
import { isKnownError, KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { mustFinish } from "../../base/unfinished.ts";
import { EARLIEST, epochMillis, isWithin, LATEST, millis, type EpochMillis } from "../../base/units.ts";
import type { ExecOptions } from "../exec.ts";
import { isEarly, isOver, type Issued } from "../life.ts";
import { checkToken } from "../token.ts";
import type { Credential, CredentialSource, GetOptions } from "../types.ts";

/** Which programs may run and how long, and when all ends. */
export type ProgramOptions = Pick<ExecOptions, "policy" | "allowWritable" | "timeout" | "signal">;

/** What a provider needs of the world. */
export interface ProviderContext {
  readonly system: System;
  /** Replaces the user's whole `auth-provider.config` in the kubeconfig. @throws {KnownError} */
  readonly save: (config: ReadonlyMap<string, string>) => Promise<void>;
  /** Fails as `save` would, and writes nothing: before a refresh token that is good once is spent. @throws {KnownError} */
  readonly prove: (config: ReadonlyMap<string, string>) => Promise<void>;
  /** A command of the kubeconfig, relative to its directory where it is a path, as exec commands are. */
  readonly resolve: (command: string) => string;
  /** For a program that gives tokens. */
  readonly options: ProgramOptions;
}

export interface FetchOptions {
  /** The old token is still good: nobody is to be asked, and a failure is an error. */
  readonly early: boolean;
  /** Aborted when nobody waits any more. Work that would lose a refresh token goes on. */
  readonly signal: AbortSignal;
}

/** One of the four, as a machine: `providerSource` calls one method at a time. */
export interface Provider {
  /** It signs in with what stands outside the kubeconfig: files and variables of the person's. Default false. */
  readonly borrows?: boolean;
  /** What client-go would send now without asking anybody; the same object as long as it is the same token. @throws {KnownError} */
  usable(): Issued | undefined;
  /** A new token, written back. @throws {KnownError} */
  fetch(options: FetchOptions): Promise<Issued>;
  /** What an answer of 401 does. Default: nothing. */
  rejected?(): Promise<void>;
}

/** An early refresh that failed is not tried again at once. */
const EARLY_GAP = millis(10_000);

interface Flight {
  readonly early: boolean;
  readonly work: Promise<Issued>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * A provider as a source. `get` gives what client-go would send; with `early` another is fetched before the end, nobody
 * is asked for that, and the old one serves until its very end when it fails. One fetch, with its writing back, serves
 * any number of callers.
 */
export function providerSource(
  name: string,
  load: () => Promise<Provider>,
  system: System,
): CredentialSource {
  const loaded = cached(load);
  let last: Issued | undefined;
  let flight: Flight | undefined;
  let failedAt: EpochMillis | undefined;
  let rejecting: Promise<void> | undefined;

  const start = (provider: Provider, early: boolean): Flight => {
    const stop = new AbortController();
    const work = provider.fetch({ early, signal: stop.signal }).then(
      (issued) => {
        last = issued;
        flight = undefined;
        failedAt = undefined;
        return issued;
      },
      (error: unknown) => {
        flight = undefined;
        throw error;
      },
    );
    // A refresh token may be spent already, and its successor not yet saved.
    mustFinish(work, system);
    return { early, work, stop, waiting: 0 };
  };
  const fetch = async (
    provider: Provider,
    early: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Credential> => {
    flight ??= start(provider, early);
    const joined = flight;
    joined.waiting += 1;
    try {
      return (await abortable(joined.work, signal)).credential;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      // Somebody else's fetch was given up, or could not ask where we can.
      if (joined.stop.signal.aborted || (!early && joined.early)) return await fetch(provider, early, signal);
      throw error;
    } finally {
      joined.waiting -= 1;
      if (joined.waiting === 0) joined.stop.abort();
    }
  };
  const fetchEarly = async (provider: Provider, held: Issued, signal?: AbortSignal): Promise<Credential> => {
    if (failedAt !== undefined && isWithin(EARLY_GAP, failedAt, system.now())) return held.credential;
    try {
      return await fetch(provider, true, signal);
    } catch (error) {
      if (signal?.aborted === true || isOver(held, system.now())) throw error;
      if (failedAt === undefined) system.log.warn(`Cannot refresh your credential yet: ${messageOf(error)}`);
      failedAt = system.now();
      return held.credential;
    }
  };
  return {
    method: "auth-provider",
    description: `auth provider "${name}"`,
    get: async ({ early = false, signal }: GetOptions = {}) => {
      const provider = await abortable(loaded.get(), signal);
      const now = system.now();
      const held = provider.usable();
      last = held ?? last;
      if (held !== undefined && !(early && isEarly(held, now))) return held.credential;
      // A margin of client-go's is over before the token is.
      if (early && last?.credential.expiresAt !== undefined && !isOver(last, now))
        return await fetchEarly(provider, last, signal);
      return await fetch(provider, false, signal);
    },
    renew: async (rejected, { signal }: GetOptions = {}) => {
      if (last !== undefined && last.credential !== rejected) return last.credential;
      const provider = await abortable(loaded.get(), signal);
      rejecting ??= (provider.rejected?.() ?? Promise.resolve()).finally(() => (rejecting = undefined));
      await abortable(rejecting, signal);
      return undefined;
    },
  };
}

/** Whoever shows an end makes a date of it. */
const withinDates = (at: EpochMillis): EpochMillis => epochMillis(Math.min(Math.max(at, EARLIEST), LATEST));

/** A bearer token of a provider. @throws {KnownError} TOKEN_INVALID */
export const issue = (
  token: string,
  from: string,
  life: { readonly at: EpochMillis; readonly expiresAt: EpochMillis | undefined },
): Issued => ({
  at: life.at,
  credential: {
    header: { kind: "bearer", token: checkToken(token, `auth provider "${from}"`) },
    certificate: undefined,
    expiresAt: life.expiresAt === undefined ? undefined : withinDates(life.expiresAt),
  },
});

/** The error of a step within that of the whole, as Go writes it: `prefix: message`. The code and hint stay. */
export const within = (prefix: string, error: unknown): KnownError =>
  isKnownError(error)
    ? new KnownError(error.code, `${prefix}: ${error.message}`, { cause: error, hint: error.hint })
    : new KnownError("AUTH_PROVIDER_FAILED", `${prefix}: ${messageOf(error)}`, { cause: error });

export const failed = (message: string, hint?: string): KnownError =>
  new KnownError("AUTH_PROVIDER_FAILED", message, hint === undefined ? {} : { hint });

/** The kubeconfig's own mistake. */
export const misconfigured = (message: string): KnownError =>
  new KnownError("CLIENT_CONFIG_INVALID", message);
