import type { Connection, ConnectionOptions } from "../api/index.ts";
import { KnownError } from "../base/errors.ts";
import { isDate, millis, type EpochMillis, type Millis } from "../base/units.ts";
import {
  credentialSource,
  type Credential,
  type CredentialSource,
  type ExecOptions,
} from "../credentials/index.ts";
import {
  loadKubeconfig,
  loadPluginPolicy,
  resolveClientConfig,
  type ClientConfig,
  type Impersonation,
  type Kubeconfig,
} from "../kubeconfig/index.ts";
import type { Invocation } from "./command.ts";
import { explicitKubeconfig, overridesOf } from "./globals.ts";
import { ownPlugin } from "./own-plugin.ts";
import { factsEnd, tokenFacts } from "./token-facts.ts";

/** One cluster and one person there, as the command line and the kubeconfig say. */
export interface Identity {
  readonly config: ClientConfig;
  readonly source: CredentialSource;
  /** Dials nothing yet. What it takes to talk to an API server is loaded now. */
  connect(options?: ConnectOptions): Promise<Connection>;
}

export interface ConnectOptions extends ConnectionOptions {
  /** Without impersonation, to learn who asks for it. Default false. */
  readonly asMyself?: boolean;
}

const NOBODY: Impersonation = { user: undefined, uid: undefined, groups: [], extra: new Map() };

/** The same client without impersonation. */
export const asMyself = (config: ClientConfig): ClientConfig => ({
  ...config,
  impersonate: NOBODY,
  user: { ...config.user, impersonate: NOBODY },
});

/** The address of the API server, with the path that a gateway may want. */
export const serverText = ({ server }: ClientConfig): string =>
  `${server.protocol}//${server.host}${server.pathname.replace(/\/+$/, "")}`;

/** Whether the API server is asked to take us for somebody else. */
export const isImpersonating = (config: ClientConfig): boolean => (config.impersonate.user ?? "") !== "";

/** The kubeconfigs that count, merged. @throws {KnownError} */
export const readKubeconfig = async ({ system, options }: Invocation): Promise<Kubeconfig> =>
  await loadKubeconfig(system, explicitKubeconfig(options));

/** What counts of it, or the pod's service account where it says nothing. @throws {KnownError} */
export const selectClient = async (
  { system, options }: Invocation,
  kubeconfig: Kubeconfig,
  /** Instead of the one that the options name. */
  context?: string,
): Promise<ClientConfig> => {
  const overrides = overridesOf(options);
  return await resolveClientConfig(
    kubeconfig,
    context === undefined ? overrides : { ...overrides, context },
    system,
  );
};

/** Both in one: whom and where a command line means. @throws {KnownError} */
export const clientOf = async (invocation: Invocation): Promise<ClientConfig> =>
  await selectClient(invocation, await readKubeconfig(invocation));

/** `--exec-timeout`, in seconds. @throws {KnownError} USAGE */
const execTimeout = ({ options }: Invocation): Millis => {
  const text = options.string("exec-timeout") ?? "60";
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new KnownError(
      "USAGE",
      `Cannot use --exec-timeout "${text}": it must be a number of seconds above 0`,
    );
  return millis(seconds * 1000);
};

/** Whether and how credential plugins may run: the flags, and kubectl's kuberc. @throws {KnownError} USAGE, KUBERC_INVALID */
export const pluginRules = async (invocation: Invocation): Promise<ExecOptions> => {
  const { system, options, signal } = invocation;
  return {
    timeout: execTimeout(invocation),
    policy: await loadPluginPolicy(system, { explicit: options.string("kuberc") }),
    allowWritable: options.boolean("allow-writable-kubeconfig"),
    own: ownPlugin(system),
    signal,
  };
};

/**
 * Where the credential comes from. `interactive` says whether a plugin may have the terminal now; by default while
 * standard input is one. @throws {KnownError}
 */
export const credentialsOf = async (
  invocation: Invocation,
  config: ClientConfig,
  options: Pick<ExecOptions, "interactive"> = {},
): Promise<CredentialSource> => {
  const { system } = invocation;
  // A kuberc that nobody named is not even looked for where no program could run.
  const named = invocation.options.string("kuberc") ?? system.env["KUBERC"] ?? "";
  const { exec, authProvider } = config.user;
  const rules =
    exec === undefined && authProvider === undefined && named === ""
      ? { timeout: execTimeout(invocation) }
      : await pluginRules(invocation);
  return credentialSource(config, system, { ...rules, ...options });
};

/** From the words of a command line to a person. @throws {KnownError} */
export async function identify(
  invocation: Invocation,
  options: Pick<ExecOptions, "interactive"> = {},
): Promise<Identity> {
  const config = await clientOf(invocation);
  const source = await credentialsOf(invocation, config, options);
  const { system } = invocation;
  return {
    config,
    source,
    connect: async ({ asMyself: mine = false, ...wishes } = {}) => {
      const { connect } = await import("../api/index.ts");
      return connect(mine ? asMyself(config) : config, source, system, wishes);
    },
  };
}

/** When a credential ends: as its issuer said, else as the token says of itself. */
export const endOf = (credential: Credential | undefined): EpochMillis | undefined => {
  if (credential === undefined) return undefined;
  const { expiresAt } = credential;
  // RFC 3339 with an offset can say a year 10000, which it cannot say back.
  if (expiresAt !== undefined) return isDate(expiresAt) ? expiresAt : undefined;
  return credential.header?.kind === "bearer" ? factsEnd(tokenFacts(credential.header.token)) : undefined;
};
