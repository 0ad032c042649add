import { abortable } from "../base/abortable.ts";
import { cached } from "../base/cached.ts";
import { messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { isWithin, millis, type EpochMillis } from "../base/units.ts";
import { sameCertificate } from "./apply.ts";
import { isEarly, isOver, type Issued } from "./life.ts";
import type { Credential, CredentialSource } from "./types.ts";

/** A server that refuses everything must not start a plugin for each answer (security.md F12: 2 in 10 s). */
const FORCED_GAP = millis(5_000);
/** Nor must a page that asks again and again start one that fails, and maybe opens a browser, for each request. */
const EARLY_GAP = millis(10_000);

export interface FetchedOptions extends Pick<CredentialSource, "method" | "description"> {
  readonly system: System;
  /** Gets another: runs a plugin, or asks a server. */
  readonly fetch: () => Promise<Credential>;
  /** The end of it all. */
  readonly signal: AbortSignal | undefined;
}

/** Credentials that have to be fetched: once for any number of callers, and kept until their end or a 401. */
export function fetchedSource(options: FetchedOptions): CredentialSource {
  const { system, signal } = options;
  let current: Issued | undefined;
  // Nothing is kept in here: it only lets all who ask at once share one run.
  const shared = cached(
    async (): Promise<Issued> => {
      const credential = await options.fetch();
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
  const fetchNow = async (): Promise<Credential> => {
    signal?.throwIfAborted();
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
      return await fetchNow();
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
      const renewed = await fetchNow();
      return sameCredential(renewed, rejected) ? undefined : renewed;
    } catch (error) {
      // client-go keeps the old ones as well (credentials.md §2.3).
      system.log.verbose(1, `refreshing credentials: ${messageOf(error)}`);
      return undefined;
    }
  };
  /** Whoever leaves because all ends does so when what was begun has ended. */
  const waitFor = async <T>(work: Promise<T>, caller: AbortSignal | undefined): Promise<T> => {
    try {
      return await abortable(work, caller);
    } catch (error) {
      if (signal?.aborted === true) await work.catch((): void => undefined);
      throw error;
    }
  };
  return {
    method: options.method,
    description: options.description,
    get: async (wishes = {}) => {
      const now = system.now();
      const wanting = current === undefined || isOver(current, now);
      if (wishes.early === true && (wanting || (current !== undefined && isEarly(current, now))))
        return await waitFor(fetchEarly(current), wishes.signal);
      if (current === undefined || wanting) return await waitFor(fetchNow(), wishes.signal);
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
}

const sameCredential = (left: Credential, right: Credential): boolean => {
  const token = (credential: Credential): string | undefined =>
    credential.header?.kind === "bearer" ? credential.header.token.reveal() : undefined;
  return token(left) === token(right) && sameCertificate(left.certificate, right.certificate);
};
