import { abortable } from "../../base/abortable.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { Credential } from "../../credentials/index.ts";

/** Says of a credential that was perhaps refused whether it was. */
export interface CredentialDoubt {
  /** Also true where the API server does not say. @throws the signal's reason */
  isGood(credential: Credential, signal: AbortSignal): Promise<boolean>;
}

export interface DoubtOptions {
  readonly system: System;
  /** Whether the API server takes this credential; starts no login. */
  readonly accepted: (credential: Credential, signal: AbortSignal) => Promise<boolean>;
}

/** Milliseconds between two questions: a UI that answers everything with an error is as many doubts as requests. */
const APART = 1_000;
/** Headlamp's page waits 5 s for its first answer (ui-traffic U8), and the rest of them may be needed for a login. */
const LIMIT = millis(2_000);

/** One question for all who doubt at once, and at most one a second. */
export function credentialDoubt({ system, accepted }: DoubtOptions): CredentialDoubt {
  let freeAt = Number.NEGATIVE_INFINITY;
  let asking: { readonly credential: Credential; readonly good: Promise<boolean> } | undefined;

  const ask = async (credential: Credential): Promise<boolean> => {
    const now = system.monotonic();
    const pause = Math.max(0, freeAt - now);
    freeAt = now + pause + APART;
    if (pause > 0) await system.sleep(millis(pause));
    const late = new AbortController();
    const over = new AbortController();
    const limit = system.sleep(LIMIT, over.signal).then(
      () => {
        late.abort(new Error("the API server did not answer in time"));
        return true;
      },
      () => true,
    );
    const answer = accepted(credential, late.signal).catch(() => true);
    return await Promise.race([answer, limit]).finally(() => over.abort());
  };

  return {
    isGood: async (credential, signal) => {
      if (asking?.credential !== credential) {
        const good = ask(credential).finally(() => {
          if (asking?.good === good) asking = undefined;
        });
        asking = { credential, good };
      }
      return await abortable(asking.good, signal);
    },
  };
}
