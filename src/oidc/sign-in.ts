import { abortable } from "../base/abortable.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { mustFinish } from "../base/unfinished.ts";
import { millis } from "../base/units.ts";
import { checkAccessContinuity } from "./access-token.ts";
import type { Entry } from "./cache.ts";
import { discover } from "./discovery.ts";
import { openWire } from "./exchange.ts";
import { checkContinuity } from "./id-token.ts";
import { providerKeys } from "./keys.ts";
import { credentialOf, isFresh } from "./life.ts";
import { isPassing } from "./passing.ts";
import { persistently, sayWhenSlow } from "./patience.ts";
import { settler, settledClaims, type Settle } from "./settle.ts";
import type { Presentation, SignInAround, SignInWishes } from "./sign-in-types.ts";
import type { Party } from "./token-request.ts";

/** What a grant works with. */
export interface Signing {
  readonly party: Party;
  readonly wishes: SignInWishes;
  readonly around: SignInAround;
  /** Verifies, keeps, and gives what was kept. */
  readonly settle: Settle;
}

/**
 * Gets a credential: what is kept, else by a refresh token, else by a person. One of all processes does the work.
 * @throws {KnownError} OIDC_*, the network's, PORT_TAKEN, LISTEN_FAILED; the signal's reason
 */
export async function signIn(wishes: SignInWishes, around: SignInAround): Promise<Entry> {
  let led = false;
  const fly = async (): Promise<Entry> =>
    await around.singleFlight(
      wishes.key,
      async ({ signal, beforeAsking }) => {
        led = true;
        const presentation = guarded(around.presentation, beforeAsking);
        return await lead(wishes, { ...around, signal, presentation });
      },
      { signal: around.signal, asked: wishes.least === "signed-in" },
    );
  const entry = await fly();
  // Whoever was waited for may have had no reason to doubt the very token that was refused here.
  return !led && isRefused(entry, wishes) ? await fly() : entry;
}

/** `before` comes before all that a person has to do something about. */
const guarded = (presentation: Presentation, before: () => Promise<void>): Presentation => ({
  ...presentation,
  openPage: async (url) => {
    await before();
    return await presentation.openPage(url);
  },
  showDevice: async (invitation) => {
    await before();
    await presentation.showDevice(invitation);
  },
  willAsk: async (prompt) => {
    await presentation.willAsk?.(prompt);
    await before();
  },
  ask: async (prompt, signal, how) => {
    await before();
    return await presentation.ask(prompt, signal, how);
  },
});

const lead = async (wishes: SignInWishes, around: SignInAround): Promise<Entry> => {
  const { system, storage, signal } = around;
  const kept = await storage?.read(wishes.key);
  if (kept !== undefined && wishes.least !== "signed-in" && willDo(kept, wishes, around)) return kept;
  /** Not over yet, however little is left. */
  const serves = (): boolean => kept !== undefined && stillGood(kept, wishes, around);
  const wire = openWire(wishes.reach, system);
  let signing: Signing;
  try {
    const metadata = await sayWhenSlow(
      system,
      `the provider ${wishes.issuer}`,
      async () =>
        await persistently(async () => await discover(wishes.issuer, wire, signal), {
          system,
          signal,
          enough: serves,
        }),
    );
    const party: Party = { metadata, client: wishes, wire, system, signal };
    const settle = settler(party, wishes, around, providerKeys(metadata.jwksUri, wire, system));
    signing = { party, wishes, around, settle };
    if (kept?.refreshToken !== undefined && wishes.least !== "signed-in") {
      const renewed = await renew(signing, kept, serves);
      if (renewed !== undefined) return renewed;
    }
  } catch (error) {
    if (kept === undefined || !isPassing(error) || !serves()) throw error;
    system.log.warn(`${messageOf(error)}. The token that is kept is used while it is good`);
    return kept;
  }
  const { grantWork } = await import("./grant.ts");
  return await grantWork(signing);
};

const isRefused = (entry: Entry, { useAccessToken, refused }: SignInWishes): boolean => {
  const held = credentialOf(entry, useAccessToken);
  return held !== undefined && refused !== undefined && held.token.equals(refused);
};

/** Where others were faster, what they got is new enough, unless it is just what will not do. */
const willDo = (entry: Entry, wishes: SignInWishes, { system }: SignInAround): boolean => {
  const held = credentialOf(entry, wishes.useAccessToken);
  if (held === undefined || wishes.least !== "kept" || isRefused(entry, wishes)) return false;
  return isFresh(held, { now: system.now(), margin: wishes.margin });
};

/** One that a server has refused too: whether it really has is a guess, and there is nothing better. */
const stillGood = (entry: Entry, wishes: SignInWishes, { system }: SignInAround): boolean => {
  const held = credentialOf(entry, wishes.useAccessToken);
  return held !== undefined && isFresh(held, { now: system.now(), margin: millis(0) });
};

/** Undefined: only a person can help. */
const renew = async (
  { party, wishes, around, settle }: Signing,
  kept: Entry,
  enough: () => boolean,
): Promise<Entry | undefined> => {
  const { system, storage, signal } = around;
  const token = kept.refreshToken;
  if (token === undefined) return undefined;
  const { refreshTokens } = await import("./token-request.ts");
  const whole = async (): Promise<Entry> => {
    // Without the signal: a refresh token may be good once, so what it gave has to be kept.
    const tokens = await refreshTokens({ ...party, signal: new AbortController().signal }, token);
    return await settle(tokens, {
      check: (claims) => {
        const before = settledClaims(kept.idToken);
        if (before !== undefined) checkContinuity(before, claims);
      },
      checkAccess: (renewed) => checkAccessContinuity(kept.accessToken, renewed),
    });
  };
  try {
    return await sayWhenSlow(
      system,
      `the provider ${wishes.issuer}`,
      async () =>
        await persistently(
          async () => {
            const work = whole();
            mustFinish(work, system);
            return await abortable(work, signal);
          },
          { system, signal, enough },
        ),
    );
  } catch (error) {
    if (!(error instanceof KnownError) || isPassing(error)) throw error;
    const { code } = error;
    if (code === "OIDC_TOKEN_INVALID" || code === "OIDC_GRANT_REFUSED") await storage?.remove(wishes.key);
    if (code !== "OIDC_GRANT_REFUSED" && code !== "OIDC_CLIENT_REFUSED") throw error;
    system.log.verbose(1, `${error.message}; a new sign-in is needed`);
    return undefined;
  }
};
