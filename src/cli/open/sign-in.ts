import { isKnownError, messageOf, type ErrorCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { between, type Millis } from "../../base/units.ts";
import type { Credential, CredentialSource, GetOptions } from "../../credentials/index.ts";

export type SignInState =
  | { readonly kind: "well" }
  /** A login failed, or nobody answered it. Nothing is run until a person acts, or until `retryAt` (monotonic). */
  | { readonly kind: "failed"; readonly error: unknown; readonly retryAt: number | undefined }
  /** A person asked for it. */
  | { readonly kind: "running" };

/** A credential source that starts no login which nobody asked for. */
export interface SignIn extends CredentialSource {
  state(): SignInState;
  /** The credential that was given last. */
  current(): Credential | undefined;
  /** A person acts: the login is run once more. Resolves when it has ended, well or not. */
  again(): Promise<void>;
  /** Called at every change of the state until the returned function is called. */
  onChange(listener: (state: SignInState) => void): () => void;
}

export interface SignInOptions {
  readonly system: System;
  /** Whether the API server can be reached now, without a credential. */
  readonly reachable: () => Promise<boolean>;
  /** Whether the API server takes this credential; also true where it cannot be asked. */
  readonly accepted: (credential: Credential) => Promise<boolean>;
}

/** Failures that say nothing of a login: somebody left, or the answer of the API server came late. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["CLIENT_GONE", "TUNNEL_LOST", "UPSTREAM_LATE"]);

/** Without a network a login fails as well; that is tried again by itself. Milliseconds. */
const RETRY_FIRST = 5_000;
const RETRY_MOST = 60_000;
/** One that ended so long before it came did not end on its way. Milliseconds. */
const SKEW = 5_000;

/**
 * After a failed login the source is not asked again before a person acts: each try may open a browser, send a text
 * message, or count towards a lock-out (issue C.3). Where the network is what failed it goes on by itself.
 */
export function signInOnce(source: CredentialSource, options: SignInOptions): SignIn {
  const { system, reachable } = options;
  let state: SignInState = { kind: "well" };
  let failures = 0;
  /** The pause is over, and somebody asks. */
  let trying = false;
  let last: Credential | undefined;
  /** It had ended by our clock when it came: clocks differ, so only a 401 tells when it ends (security.md F26). */
  let stale: Credential | undefined;
  let looking: Promise<boolean> | undefined;
  const listeners = new Set<(state: SignInState) => void>();
  const isLongOver = ({ expiresAt }: Credential): boolean =>
    expiresAt !== undefined && between(expiresAt, system.now()) > SKEW;
  const move = (next: SignInState): void => {
    state = next;
    for (const listen of listeners) listen(next);
  };
  const well = (credential: Credential): Credential => {
    // One that was in hand before has ended since.
    if (credential !== last && isLongOver(credential)) {
      if (stale === undefined)
        system.log.warn(
          `The credential of your ${escapeLine(source.description)} had ended when it came: is the clock of this computer right? It is used until it is refused`,
        );
      stale = credential;
    } else if (credential !== stale) stale = undefined;
    last = credential;
    failures = 0;
    if (state.kind !== "well") move({ kind: "well" });
    return credential;
  };
  /** One look for all who failed at once. Where it cannot be told, as when all ends, nothing is tried by itself. */
  const look = async (): Promise<boolean> =>
    await (looking ??= reachable()
      .catch(() => true)
      .finally(() => (looking = undefined)));
  const failed = async (error: unknown): Promise<void> => {
    const there = await look();
    // All who shared a run hear of the same failure.
    if (state.kind === "failed" && state.error === error && !trying) return;
    trying = false;
    failures += 1;
    const pause = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** (failures - 1)) as Millis;
    move({ kind: "failed", error, retryAt: there ? undefined : system.monotonic() + pause });
  };
  const refused = (): unknown => {
    if (state.kind !== "failed") return undefined;
    const { retryAt, error } = state;
    if (retryAt !== undefined && system.monotonic() >= retryAt) {
      // Whoever comes first tries; the others hear of the old failure meanwhile. If that one leaves, another tries later.
      state = { ...state, retryAt: system.monotonic() + RETRY_MOST };
      trying = true;
      return undefined;
    }
    return error ?? new Error("the login failed");
  };
  let asking: Promise<boolean> | undefined;
  /** One question for all. */
  const accepted = async (credential: Credential): Promise<boolean> =>
    await (asking ??= options.accepted(credential).finally(() => (asking = undefined)));
  const isLogin = (error: unknown, options: GetOptions | undefined): boolean =>
    options?.signal?.aborted !== true && !(isKnownError(error) && PASSING.has(error.code));

  const get = async (options?: GetOptions): Promise<Credential> => {
    const no = refused();
    if (no !== undefined) throw no;
    if (stale !== undefined && state.kind === "well" && isLongOver(stale)) return stale;
    try {
      const credential = await source.get(options);
      // While a person signs in again, the old one says nothing of how that ends.
      return state.kind === "running" && credential === last ? credential : well(credential);
    } catch (error) {
      if (isLogin(error, options)) await failed(error);
      throw error;
    }
  };

  return {
    method: source.method,
    description: source.description,
    get,
    renew: async (rejected, options) => {
      if (refused() !== undefined) return undefined;
      const renewed = await source.renew(rejected, options);
      if (renewed !== undefined) return well(renewed);
      const failure = source.failure?.();
      // The old one was refused and no other can be had. A UI may say 401 for reasons of its own, though: while the API
      // server takes the old one, that is no end of a login.
      if (failure !== undefined && options?.signal?.aborted !== true && !(await accepted(rejected)))
        await failed(failure);
      return undefined;
    },
    state: () => state,
    current: () => last,
    again: async () => {
      if (state.kind === "running") return;
      const before = last;
      move({ kind: "running" });
      source.forget?.();
      try {
        const credential = await source.get();
        const renewed = credential === before ? await source.renew(credential) : credential;
        const failure = renewed === undefined ? source.failure?.() : undefined;
        if (failure !== undefined) throw failure;
        well(renewed ?? credential);
      } catch (error) {
        system.log.verbose(1, `Signing in again: ${messageOf(error)}`);
        await failed(error);
      }
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
