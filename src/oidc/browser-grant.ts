import { KnownError, messageOf } from "../base/errors.ts";
import { mustFinish } from "../base/unfinished.ts";
import { beginAuthorization, type Authorization } from "./authorization.ts";
import { openCallback, type Arrived } from "./callback.ts";
import type { Entry } from "./entry.ts";
import { pushed } from "./par.ts";
import { authentication } from "./party.ts";
import { readPasted } from "./pasted.ts";
import { withinPatience } from "./patience.ts";
import type { Signing } from "./sign-in.ts";
import { redeemCode } from "./token-request.ts";

/** Where nothing is listened to and no redirect URL was named. Nobody has to be there: the address is copied. */
const NOBODY = "http://localhost:8000";

/** kubelogin's. */
const CODE_PROMPT = "Enter code: ";

/** Authorization code with PKCE in a browser, answered to a listener of ours (RFC 8252, RFC 7636). */
export async function browserGrant(signing: Signing): Promise<Entry> {
  const { wishes, around } = signing;
  const { presentation } = around;
  await using callback = await openCallback(wishes.callback, around.system);
  const authorization = await begin(signing, callback.redirectUri);
  const arrived = await patiently(signing, async (signal) => {
    // Whichever comes first ends the other.
    const both = new AbortController();
    const either = AbortSignal.any([signal, both.signal]);
    const answer = callback.wait(authorization.state, either);
    answer.catch(() => undefined);
    try {
      const opened = await presentation.openPage(authorization.url);
      if (opened || !presentation.answers || !presentation.seen) return await answer;
      presentation.tell("If it opens on another machine, paste the address here that it ends at");
      return await Promise.race([
        answer,
        pasted(signing, authorization, either, "").then(async (found) => found ?? (await answer)),
      ]);
    } finally {
      both.abort(new Error("the other way was faster"));
    }
  });
  return await finish(signing, authorization, arrived);
}

/** The same without a listener: the person copies what the browser ends at (oidc.md §1.4 "authcode-keyboard"). */
export async function pasteGrant(signing: Signing): Promise<Entry> {
  const { wishes, around } = signing;
  await around.presentation.willAsk?.(CODE_PROMPT);
  const authorization = await begin(signing, wishes.callback.redirectUri ?? NOBODY);
  around.presentation.showPage(authorization.url);
  const arrived = await patiently(
    signing,
    async (signal) => await pasted(signing, authorization, signal, CODE_PROMPT),
  );
  if (arrived === undefined)
    throw new KnownError(
      "OIDC_LOGIN_REFUSED",
      "Cannot sign in: standard input ended before a code was pasted",
      { hint: `Run ${around.presentation.loginCommand} on a terminal, and paste the code there.` },
    );
  return await finish(signing, authorization, arrived);
}

const begin = async ({ party, wishes, around }: Signing, redirectUri: string): Promise<Authorization> => {
  const own = { ...party, signal: around.signal };
  // Nobody signs in for a client that cannot say who it is. What it says now may be over when it is needed.
  await authentication(own);
  return await pushed(own, beginAuthorization(party.metadata, { ...wishes, redirectUri }, around.system));
};

const patiently = async <T>(
  { wishes, around }: Signing,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  await withinPatience(
    wishes.patience,
    {
      system: around.system,
      signal: around.signal,
      loginCommand: around.presentation.loginCommand,
    },
    work,
  );

/** Asks until something is pasted that answers this sign-in. Undefined: nothing more comes. */
const pasted = async (
  { party, around }: Signing,
  authorization: Authorization,
  signal: AbortSignal,
  prompt: string,
): Promise<Arrived | undefined> => {
  const { presentation } = around;
  for (;;) {
    const line = await presentation.ask(prompt, signal);
    signal.throwIfAborted();
    if (line === undefined) return undefined;
    const read = readPasted(line, authorization, party.metadata);
    if ("parameters" in read) return { ...read, succeed: () => undefined, fail: () => undefined };
    presentation.tell(read.fault);
  }
};

const finish = async (
  { party, wishes, around, settle }: Signing,
  authorization: Authorization,
  arrived: Arrived,
): Promise<Entry> => {
  const whole = async (): Promise<Entry> => {
    const own = { ...party, signal: new AbortController().signal };
    const tokens = await redeemCode(own, authorization, arrived.parameters);
    return await settle(tokens, { nonce: authorization.nonce });
  };
  try {
    const work = whole();
    // The code is good once.
    mustFinish(work, around.system);
    const entry = await work;
    arrived.succeed(wishes.openNext);
    return entry;
  } catch (error) {
    arrived.fail(messageOf(error));
    throw error;
  }
};
