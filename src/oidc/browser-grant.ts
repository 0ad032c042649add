import { messageOf } from "../base/errors.ts";
import { mustFinish } from "../base/unfinished.ts";
import { beginAuthorization } from "./authorization.ts";
import type { Entry } from "./cache.ts";
import { openCallback } from "./callback.ts";
import { withinPatience } from "./patience.ts";
import type { Signing } from "./sign-in.ts";
import { redeemCode } from "./token-request.ts";

/** Authorization code with PKCE in a browser, answered to a listener of ours (RFC 8252, RFC 7636). */
export async function browserGrant({ party, wishes, around, settle }: Signing): Promise<Entry> {
  const { system, signal, presentation } = around;
  await using callback = await openCallback(wishes.callback, system);
  const authorization = beginAuthorization(
    party.metadata,
    { ...wishes, redirectUri: callback.redirectUri },
    system,
  );
  const arrived = await withinPatience(
    wishes.patience,
    { system, signal, loginCommand: presentation.loginCommand },
    async (limited) => {
      const answer = callback.wait(authorization.state, limited);
      answer.catch(() => undefined);
      await presentation.openPage(authorization.url);
      return await answer;
    },
  );
  const finish = async (): Promise<Entry> => {
    const tokens = await redeemCode(
      { ...party, signal: new AbortController().signal },
      authorization,
      arrived.parameters,
    );
    return await settle(tokens, { nonce: authorization.nonce });
  };
  try {
    const work = finish();
    // The code is good once.
    mustFinish(work, system);
    const entry = await work;
    arrived.succeed(wishes.openNext);
    return entry;
  } catch (error) {
    arrived.fail(messageOf(error));
    throw error;
  }
}
