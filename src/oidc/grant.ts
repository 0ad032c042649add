import { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Entry } from "./cache.ts";
import { browserGrant } from "./browser-grant.ts";
import type { Signing } from "./sign-in.ts";
import { clientTokens, passwordTokens } from "./token-request.ts";
import { withinPatience } from "./patience.ts";

/** Signs in by the grant that was chosen. */
export async function grantWork(signing: Signing): Promise<Entry> {
  const { wishes } = signing;
  switch (wishes.grant) {
    case "password":
      return await passwordGrant(signing);
    case "client-credentials":
      return await signing.settle(await clientTokens(signing.party, wishes.scopes, wishes.extra));
    case "auto":
      return wishes.username === undefined ? await browserGrant(signing) : await passwordGrant(signing);
    case "authcode":
      return await browserGrant(signing);
    case "authcode-keyboard":
    case "device-code":
    case "token-exchange":
      throw new KnownError("USAGE", `Cannot sign in by ${wishes.grant} yet`);
  }
}

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
