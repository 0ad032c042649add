import { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { browserGrant, pasteGrant } from "./browser-grant.ts";
import { chooseGrant } from "./choose-grant.ts";
import { deviceGrant } from "./device-grant.ts";
import type { Entry } from "./entry.ts";
import { exchangeGrant } from "./exchange-grant.ts";
import type { Grant } from "./sign-in-types.ts";
import type { Signing } from "./sign-in.ts";
import { clientTokens, passwordTokens } from "./token-request.ts";
import { withinPatience } from "./patience.ts";

/** Signs in by the grant that was chosen. */
export async function grantWork(signing: Signing): Promise<Entry> {
  const { wishes, party } = signing;
  switch (wishes.grant === "auto" ? await choose(signing) : wishes.grant) {
    case "password":
      return await passwordGrant(signing);
    case "client-credentials":
      return await signing.settle(await clientTokens(party, wishes.scopes, wishes.extra));
    case "authcode":
      return await browserGrant(signing);
    case "authcode-keyboard":
      return await pasteGrant(signing);
    case "device-code":
      return await deviceGrant(signing);
    case "token-exchange":
      return await exchangeGrant(signing);
  }
}

const choose = async ({ wishes, party, around }: Signing): Promise<Grant> => {
  const { presentation } = around;
  const { username } = wishes;
  return chooseGrant({
    username,
    browserFault: await presentation.browserFault(),
    skipBrowser: presentation.skipBrowser,
    seen: presentation.seen,
    answers: presentation.answers,
    deviceOffered: party.metadata.deviceEndpoint !== undefined,
    loginCommand: presentation.loginCommand,
  });
};

/** kubelogin's prompts (oidc.md §1.4). */
const passwordGrant = async ({ party, wishes, around, settle }: Signing): Promise<Entry> => {
  const { presentation, system, signal } = around;
  system.log.warn(
    "The password goes through this program (grant password). Where the provider can, let it ask by itself: --grant-type authcode",
  );
  const account = await withinPatience(
    wishes.patience,
    { system, signal, loginCommand: presentation.loginCommand },
    async (limited) => {
      const username = wishes.username ?? (await presentation.ask("Username: ", limited));
      const password =
        wishes.password ?? secretOf(await presentation.ask("Password: ", limited, { hidden: true }));
      return username === undefined || password === undefined ? undefined : { username, password };
    },
  );
  if (account === undefined)
    throw new KnownError("OIDC_LOGIN_REFUSED", "Cannot sign in: there is no user name or no password", {
      hint: `Give --username and --password, or run ${presentation.loginCommand} on a terminal.`,
    });
  return await settle(await passwordTokens(party, account, wishes.scopes));
};

const secretOf = (text: string | undefined): Secret | undefined =>
  text === undefined ? undefined : new Secret(text);
