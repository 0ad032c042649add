import type { Invocation, ParsedOptions } from "../command.ts";
import { oidcLoginCommand } from "../commands/oidc-login.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { cleanLine, jsonText } from "../output.ts";
import { entryKey } from "./entry-key.ts";
import { chosenSettings } from "./from-kubeconfig.ts";
import { readSettings } from "./settings.ts";
import { signInEntry } from "./sign-in.ts";
import { checkSignInOwner } from "./sign-in-owner.ts";
import { openStorage } from "./storage.ts";
import { credentialOf, saidBy } from "../../oidc/index.ts";

/** The object of `-o json`. */
export interface LoginDocument {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly name: string | undefined;
  /** RFC 3339. */
  readonly expires: string | undefined;
  readonly renews: boolean;
}

/** The options, with those of the kubeconfig's user where they name no provider. @throws {KnownError} USAGE, KUBECONFIG_* */
const meant = async (invocation: Invocation): Promise<ParsedOptions> => {
  const chosen = await chosenSettings(invocation, oidcLoginCommand.options, "sign in");
  if (chosen.owner !== undefined) await checkSignInOwner(chosen.owner, invocation);
  return chosen.options;
};

/** `kauth oidc login`: a person signs in, whatever is kept. */
export async function runLogin(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "sign in");
  const merged = await meant(invocation);
  const settings = await readSettings({ options: merged, system }, "login");
  const entry = await signInEntry(
    { ...invocation, options: merged },
    {
      settings,
      storage: await openStorage(settings, system, invocation.signal),
      key: entryKey(settings),
      info: { apiVersion: "", interactive: undefined, given: false },
      least: "signed-in",
    },
  );
  const end = credentialOf(entry, settings.useAccessToken)?.end;
  const until = end === undefined ? undefined : `${new Date(end).toISOString().slice(0, 19)}Z`;
  const said = saidBy(entry.idToken) ?? {};
  const claim = (name: string): string | undefined =>
    typeof said[name] === "string" ? said[name] : undefined;
  const who = claim("email") ?? claim("preferred_username") ?? claim("sub");
  const document: LoginDocument = {
    issuer: settings.issuer,
    subject: claim("sub"),
    name: who,
    expires: until,
    renews: entry.refreshToken !== undefined,
  };
  if (wantsJson(options)) system.log.out(jsonText(document));
  else
    system.log.say(
      cleanLine(
        `Signed in${who === undefined ? "" : ` as ${who}`}${until === undefined ? "" : ` until ${until}`}${
          entry.refreshToken === undefined ? "" : "; it is renewed without asking"
        }`,
      ),
    );
  return 0;
}
