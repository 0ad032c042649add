import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import {
  loadKubeconfig,
  type AuthProvider,
  type ExecConfig,
  type Kubeconfig,
  type User,
} from "../../kubeconfig/index.ts";
import type { OptionSpec, ParsedOptions } from "../command.ts";
import { oidcGetTokenCommand } from "../commands/oidc-get-token.ts";
import { dropInOf } from "../drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../globals.ts";
import { parseLine, resolveOptions } from "../options.ts";
import type { SignInOwner } from "./sign-in-owner.ts";

const GET_TOKEN = oidcGetTokenCommand.options;
const SPECS: Readonly<Record<string, OptionSpec>> = { ...GET_TOKEN, ...COMMON_OPTIONS, ...KLOG_OPTIONS };

/** Options of get-token in these words. @throws {KnownError} USAGE */
const getTokenOptions = (words: readonly string[], env: System["env"]): ParsedOptions =>
  resolveOptions({ ...oidcGetTokenCommand, options: SPECS }, parseLine(words, SPECS), {
    env,
    config: new Map(),
  });

/** The words behind `get-token` of a plugin that is kubelogin or kauth, by whatever name; undefined for any other. */
export const getTokenWords = ({
  command,
  args,
}: Pick<ExecConfig, "command" | "args">): readonly string[] | undefined => {
  const program = /([^/\\]+?)(?:\.(?:exe|js|ts|cmd))?$/i.exec(command)?.[1] ?? "";
  const own = program === "kubectl" && args[0] === "oidc-login" ? args.slice(1) : undefined;
  const words =
    program === "kauth"
      ? args
      : own !== undefined
        ? dropInOf("kubectl-oidc_login")?.words(own)
        : program === "kubelogin" || program === "kubectl-oidc_login"
          ? dropInOf("kubectl-oidc_login")?.words(args)
          : undefined;
  return words?.[0] === "oidc" && words[1] === "get-token" ? words.slice(2) : undefined;
};

/** What client-go's auth-provider has for options (oidc.md §1.8). */
const FIELDS: readonly (readonly [field: string, option: string])[] = [
  ["idp-issuer-url", "oidc-issuer-url"],
  ["client-id", "oidc-client-id"],
  ["client-secret", "oidc-client-secret"],
  ["extra-scopes", "oidc-extra-scope"],
  ["idp-certificate-authority", "certificate-authority"],
  ["idp-certificate-authority-data", "certificate-authority-data"],
];

const authProviderWords = ({ config }: Pick<AuthProvider, "config">): readonly string[] =>
  FIELDS.flatMap(([field, option]) => {
    const value = config.get(field) ?? "";
    return value === "" ? [] : [`--${option}=${value}`];
  });

export const authProviderOptions = (
  provider: Pick<AuthProvider, "config">,
  { env }: Pick<System, "env">,
): ParsedOptions => getTokenOptions(authProviderWords(provider), env);

/** How a user of the kubeconfig signs in, as options of get-token; undefined where it is not by OpenID Connect. */
const optionsOfUser = (user: User, { env }: Pick<System, "env">): ParsedOptions | undefined => {
  if (user.exec !== undefined) {
    const words = getTokenWords(user.exec);
    const own = Object.fromEntries(user.exec.env.map(({ name, value }) => [name, value]));
    return words === undefined ? undefined : getTokenOptions(words, { ...env, ...own });
  }
  if (user.authProvider?.name === "oidc") return authProviderOptions(user.authProvider, { env });
  return undefined;
};

/** Options of a command that has some of get-token's; of the others it has their defaults. */
export const asGetToken = (
  options: ParsedOptions,
  own: Readonly<Record<string, OptionSpec>>,
): ParsedOptions => {
  const defaults = getTokenOptions([], {});
  const of = (name: string): ParsedOptions => (Object.hasOwn(own, name) ? options : defaults);
  return {
    boolean: (name) => of(name).boolean(name),
    string: (name) => of(name).string(name),
    list: (name) => of(name).list(name),
    count: (name) => of(name).count(name),
  };
};

export interface Chosen {
  readonly options: ParsedOptions;
  /** For a person. */
  readonly from: string;
  /** The kubeconfig that has them; undefined: the options of the command did. */
  readonly owner: SignInOwner | undefined;
}

/** What is said with the command counts before the kubeconfig; variables and defaults are in both. */
const withSaid = (
  found: ParsedOptions,
  { options, system }: Asking,
  own: Readonly<Record<string, OptionSpec>>,
): ParsedOptions => {
  const unsaid = getTokenOptions([], system.env);
  const of = <T>(name: string, value: (options: ParsedOptions) => T): T => {
    const shared = Object.hasOwn(own, name) && Object.hasOwn(GET_TOKEN, name);
    const said = shared && JSON.stringify(value(options)) !== JSON.stringify(value(unsaid));
    return value(said ? options : found);
  };
  return {
    boolean: (name) => of(name, (each) => each.boolean(name)),
    string: (name) => of(name, (each) => each.string(name)),
    list: (name) => of(name, (each) => each.list(name)),
    count: (name) => of(name, (each) => each.count(name)),
  };
};

interface Asking {
  readonly options: ParsedOptions;
  readonly system: System;
}

/** `--user`, else the user of `--context`, else of the current one. */
const userNameOf = (kubeconfig: Kubeconfig, options: ParsedOptions): string | undefined => {
  const user = options.string("user") ?? "";
  if (user !== "") return user;
  const context = options.string("context") ?? "";
  const name = context === "" ? kubeconfig.currentContext : context;
  return name === undefined ? undefined : kubeconfig.contexts.get(name)?.value.user;
};

/**
 * Which provider and client are meant: those of the options, else those of the kubeconfig's user.
 * @param own the options that the command has
 * @throws {KnownError} USAGE, KUBECONFIG_*
 */
export async function chosenSettings(
  { options, system }: Asking,
  own: Readonly<Record<string, OptionSpec>>,
  wish: string,
): Promise<Chosen> {
  const given =
    (options.string("oidc-issuer-url") ?? "") !== "" || (options.string("oidc-client-id") ?? "") !== "";
  if (given) return { options: asGetToken(options, own), from: "the options", owner: undefined };
  const kubeconfig = await loadKubeconfig(system, { explicit: options.string("kubeconfig") });
  const name = userNameOf(kubeconfig, options);
  const entry = name === undefined ? undefined : kubeconfig.users.get(name);
  const user = entry?.value;
  const found = user === undefined ? undefined : optionsOfUser(user, system);
  if (found !== undefined)
    return {
      options: withSaid(found, { options, system }, own),
      from: `user "${name ?? ""}" of the kubeconfig`,
      owner: { path: entry?.origin ?? "", originFacts: entry?.originFacts, user: name ?? "" },
    };
  const why =
    name === undefined
      ? "the kubeconfig has no current context"
      : user === undefined
        ? `the kubeconfig has no user "${name}"`
        : `user "${name}" of the kubeconfig does not sign in with OpenID Connect`;
  throw new KnownError("USAGE", `Cannot ${wish}: no provider is named, and ${why}`, {
    hint: "Name one with --oidc-issuer-url and --oidc-client-id, or a user that does with --user or --context.",
  });
}
