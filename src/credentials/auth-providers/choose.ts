import { dirname, join } from "node:path";
import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import {
  persistAuthProvider,
  proveWritable,
  resolveCommand,
  type AuthProvider,
  type ClientConfig,
  type PluginPolicy,
} from "../../kubeconfig/index.ts";
import { checkOwnership } from "../ownership.ts";
import type { CredentialSource } from "../types.ts";
import { providerSource, type ProgramOptions, type Provider, type ProviderContext } from "./provider.ts";
import { tellSuccessor } from "./successor.ts";

/**
 * The source for `user.auth-provider` (credentials.md §3). Sources are shared in the process as client-go shares them:
 * oidc by cluster, issuer and client, the first configuration wins; azure by the user's whole configuration.
 */
export function chooseAuthProvider(
  given: AuthProvider,
  config: ClientConfig,
  system: System,
  options: ProgramOptions,
): CredentialSource {
  const { userOrigin, userOriginFacts, userName = "" } = config;
  const usual = join(system.home, ".kube", "config");
  tellSuccessor(
    given.name,
    { name: userName, config: given.config, kubeconfig: userOrigin === usual ? undefined : userOrigin },
    system,
  );
  let checked = false;
  /** Whoever can write the kubeconfig chooses who gets the person's tokens, and reads what is written to it. */
  const check = async (): Promise<void> => {
    if (checked || userOrigin === undefined) return;
    const origin = { path: userOrigin, facts: userOriginFacts };
    const what = `auth provider ${JSON.stringify(given.name)}`;
    const use = { verb: "use", doing: "Using", what, power: `choose where ${what} signs you in` };
    await checkOwnership(origin, system, { allow: options.allowWritable ?? false, use });
    checked = true;
  };
  const save = saver(config, system, persistAuthProvider);
  const prove = saver(config, system, proveWritable);
  const context: ProviderContext = {
    system,
    options,
    resolve: (command) =>
      userOrigin === undefined ? command : resolveCommand(command, dirname(userOrigin), system.platform),
    save: async (changed) => {
      await check();
      await save(changed);
    },
    prove: async (changed) => {
      await check();
      await prove(changed);
    },
  };
  const make = (): CredentialSource =>
    providerSource(
      given.name,
      async () => guarded(given.name, await load(given, context), { check, policy: options.policy }),
      system,
    );
  const key = sharedKey(given, config);
  return key === undefined
    ? make()
    : system.shared(`auth provider ${given.name} ${JSON.stringify(key)}`, make);
}

const sharedKey = ({ name, config }: AuthProvider, client: ClientConfig): readonly unknown[] | undefined => {
  if (name === "oidc") return [client.server.href, config.get("idp-issuer-url"), config.get("client-id")];
  if (name === "azure")
    return [client.userOrigin, client.userName, [...config].toSorted(([a], [b]) => (a < b ? -1 : 1))];
  return undefined;
};

interface Guards {
  readonly check: () => Promise<void>;
  readonly policy: PluginPolicy | undefined;
}

/**
 * No new token for a kubeconfig that others may write, and none of what it does not hold itself where kuberc denies all:
 * a file that somebody sent must not be able to ask for the person's own (security.md R-I1, R-N10).
 */
const guarded = (name: string, provider: Provider, { check, policy }: Guards): Provider => ({
  ...provider,
  fetch: async (options) => {
    await check();
    if (provider.borrows === true && policy?.kind === "DenyAll")
      throw new KnownError(
        "EXEC_DENIED",
        `getting credentials: auth provider ${JSON.stringify(name)} not allowed: policy set to "DenyAll"`,
      );
    return await provider.fetch(options);
  },
});

const load = async ({ name, config }: AuthProvider, context: ProviderContext): Promise<Provider> => {
  switch (name) {
    case "oidc":
      return await (await import("./oidc.ts")).createOidc(config, context);
    case "gcp":
      return (await import("./gcp.ts")).createGcp(config, context);
    case "azure":
      return (await import("./azure.ts")).createAzure(config, context);
    case "openstack":
      return await (await import("./openstack.ts")).createOpenstack(config, context);
    default:
      throw new TypeError(`no auth provider ${name}`);
  }
};

/** Writes one after the other: each takes the kubeconfig's lock, which waits for nobody. */
const saver = (
  { userOrigin, userName }: ClientConfig,
  system: System,
  persist: typeof persistAuthProvider,
): ProviderContext["save"] => {
  let before: Promise<void> = Promise.resolve();
  return async (config) => {
    if (userOrigin === undefined || userName === undefined) return;
    const write = async (): Promise<void> =>
      await persist({ path: userOrigin, user: userName }, config, system);
    const mine = before.then(write, write);
    before = mine;
    await mine;
  };
};
