import type { OptionSpec, ParsedOptions } from "../command.ts";
import { optionWords } from "../open/command-line.ts";
import { CACHE_OPTIONS, PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "./options.ts";

const SPECS: Readonly<Record<string, OptionSpec>> = {
  ...PROVIDER_OPTIONS,
  ...CACHE_OPTIONS,
  ...TLS_OPTIONS,
  ...SIGN_IN_OPTIONS,
};
const SECRET: ReadonlySet<string> = new Set(["oidc-client-secret", "oidc-request-header", "password"]);

/** What a person runs on a terminal to sign in for the same entry. */
export const loginCommand = (options: ParsedOptions): string =>
  ["kauth oidc login", ...optionWords(options, SPECS, { leftOut: new Set(), secret: SECRET })].join(" ");
