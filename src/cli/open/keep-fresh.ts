import type { System } from "../../base/system.ts";
import { between, millis, type Millis } from "../../base/units.ts";
import { earlyMargin, type Credential, type CredentialSource } from "../../credentials/index.ts";

export interface Freshness {
  readonly source: CredentialSource;
  readonly system: System;
  readonly signal: AbortSignal;
  /** Whether somebody uses the pages: nobody's credential is refreshed all night. */
  readonly used: () => boolean;
}

const LEAST = 1_000;
/** Of a credential that does not say when it ends, or that nobody uses. */
const LOOK = millis(5_000);

/** How long to wait before the next look: into the margin before the end, anywhere in its first half (security.md F11). */
export const untilEarly = (left: Millis, random: number): Millis => {
  return millis(Math.max(LEAST, Math.round(left - earlyMargin(left) * (1 - random / 2))));
};

/**
 * Refreshes ahead of the end while pages are used, so that no request waits for a plugin. What fails is tried again at
 * the source's own pace, and told there.
 */
export async function keepFresh({ source, system, signal, used }: Freshness): Promise<void> {
  let known: Credential | undefined;
  while (!signal.aborted) {
    const credential = used() ? await source.get({ early: true, signal }).catch(() => undefined) : undefined;
    const end = credential?.expiresAt;
    // The same one again: its refresh failed, or it is not due yet.
    const wait =
      end === undefined || credential === known
        ? LOOK
        : untilEarly(between(system.now(), end), system.random(1).readUInt8() / 256);
    known = credential;
    await system.sleep(wait, signal).catch((): void => undefined);
  }
}
