import { KnownError } from "../../base/errors.ts";
import { quoted } from "../../base/quote.ts";
import type { Entry, Storage } from "../../oidc/index.ts";
import type { Invocation, OptionSpec, ParsedOptions } from "../command.ts";
import { entryKey } from "./entry-key.ts";
import { chosenSettings } from "./from-kubeconfig.ts";
import { loginCommand } from "./login-command.ts";
import { readSettings, type CacheSettings, type ProviderSettings } from "./settings.ts";
import { openStorage } from "./storage.ts";

/** The place of one entry, and what it would be for. */
export interface Place {
  readonly settings: ProviderSettings & CacheSettings;
  /** Options of get-token. */
  readonly options: ParsedOptions;
  readonly key: string;
  readonly storage: Storage | undefined;
}

/** The entry that the options, else the kubeconfig, are about. @throws {KnownError} USAGE, KUBECONFIG_* */
export const placeOf = async (
  invocation: Invocation,
  own: Readonly<Record<string, OptionSpec>>,
  wish: string,
): Promise<Place> => {
  const { system } = invocation;
  const { options } = await chosenSettings(invocation, own, wish);
  const settings = await readSettings({ options, system }, invocation.program);
  return { settings, options, key: entryKey(settings), storage: await openStorage(settings, system) };
};

/** @throws {KnownError} OIDC_NOT_SIGNED_IN */
export const keptAt = async ({ storage, key, settings, options }: Place, wish: string): Promise<Entry> => {
  const entry = await storage?.read(key);
  if (entry !== undefined) return entry;
  throw new KnownError(
    "OIDC_NOT_SIGNED_IN",
    `Cannot ${wish}: nobody is signed in at ${quoted(settings.issuer)} as client ${quoted(settings.clientId)} with these options`,
    { hint: `See what is kept with kauth oidc list, or sign in: ${loginCommand(options)}` },
  );
};
