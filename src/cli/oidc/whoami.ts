import type { Invocation } from "../command.ts";
import { oidcWhoamiCommand } from "../commands/oidc-whoami.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { cleanLine, structured } from "../output.ts";
import { claimsIn, described, type Described } from "./described.ts";
import { keptAt, placeOf } from "./kept.ts";

/** The object of `-o json`. */
export interface OidcWhoAmI extends Described {
  /** What the token says, as it is. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `kauth oidc whoami` */
export async function runOidcWhoami(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  const wish = "say who you are";
  refuseOperands(invocation, wish);
  const asJson = wantsJson(options);
  const place = await placeOf(invocation, oidcWhoamiCommand.options, wish);
  const entry = await keptAt(place, wish);
  const { issuer, clientId, account, storage } = place.settings;
  const one = described(
    {
      key: place.key,
      about: { issuer, clientId, account },
      entry,
      storage: storage === "keyring" ? "keyring" : "disk",
    },
    system.now(),
  );
  const claims = claimsIn(entry);
  if (asJson) {
    system.log.out(await structured({ ...one, claims } satisfies OidcWhoAmI, "json"));
    return 0;
  }
  const row = (label: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") system.log.out(`${label.padEnd(11)}${cleanLine(text)}`);
  };
  const groups = [claims["groups"]].flat().filter((each): each is string => typeof each === "string");
  row("name", one.name);
  row("subject", one.subject);
  row("groups", groups.join(", "));
  row("issuer", issuer);
  row("client", clientId);
  row("account", account);
  row("ends", one.expires === undefined ? "not known" : `${one.expires}${one.expired ? ", over" : ""}`);
  row("renewal", one.renews ? "without asking" : "by signing in");
  return 0;
}
