import { isKnownError, KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import {
  loadKubeconfig,
  persistAuthProvider,
  proveWritable,
  type AuthProvider,
  type Kubeconfig,
} from "../../kubeconfig/index.ts";
import { credentialOf, isFresh, type Storage, type Entry as Kept } from "../../oidc/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { oidcStandaloneCommand } from "../commands/oidc-standalone.ts";
import { refuseOperands } from "../options.ts";
import { entryKey } from "./entry-key.ts";
import { asGetToken, authProviderOptions } from "./from-kubeconfig.ts";
import { readSettings } from "./settings.ts";
import { signInEntry } from "./sign-in.ts";
import { checkSignInOwner, type SignInOwner } from "./sign-in-owner.ts";

/** kubelogin without a command (oidc.md §1.8): a sign-in whose tokens are kept in the kubeconfig itself. */
export async function runStandalone(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "sign in for a kubeconfig");
  const found = await findProvider(invocation);
  const { path, user, provider } = found;
  await checkSignInOwner(found, invocation);
  const kept = keptIn(provider);
  const merged = withFlags(authProviderOptions(provider, system), options);
  const settings = await readSettings({ options: merged, system }, "invalid option");
  const held = credentialOf(kept, false);
  if (held !== undefined && isFresh(held, { now: system.now() })) return 0;
  let fault: unknown;
  const storage: Storage = {
    // Of two users of one file each has tokens of its own.
    place: JSON.stringify([path, user]),
    // Read again: another process may have spent the refresh token meanwhile, and written the next one.
    read: async () => {
      const now = await providerNow(found, system);
      const there = keptIn(now);
      // What would fail at the end fails before a refresh token is spent.
      const config = configWith(now, { ...there, idToken: new Secret("") });
      await unlocked(async () => await proveWritable({ path, user }, config, system), system);
      return there;
    },
    write: async (_key, entry) => {
      try {
        const config = configWith(await providerNow(found, system), entry);
        await unlocked(async () => await persistAuthProvider({ path, user }, config, system), system);
        return true;
      } catch (error) {
        fault = error;
        return false;
      }
    },
    // What a provider no longer takes is replaced by the sign-in that follows.
    remove: () => Promise.resolve(),
  };
  const entry = await signInEntry(
    { ...invocation, options: merged },
    {
      settings,
      storage,
      key: entryKey(settings),
      info: { apiVersion: "", interactive: undefined, given: false },
      least: "kept",
    },
  );
  if (fault !== undefined) throw fault;
  const end = credentialOf(entry, false)?.end;
  // As Go prints a time.
  const until =
    end === undefined ? "" : ` until ${new Date(end).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
  system.log.say(`You got a valid token${until}`);
  return 0;
}

interface FoundProvider extends SignInOwner {
  readonly provider: AuthProvider;
}

const UNUSABLE = "login: could not find the current authentication provider";
const HINT = "kauth oidc setup prints how to sign in with a credential plugin, which needs no auth-provider.";

/** @throws {KnownError} USAGE in kubelogin's words; KUBECONFIG_* */
const findProvider = async ({ system, options }: Invocation): Promise<FoundProvider> => {
  const kubeconfig = await loadKubeconfig(system, { explicit: options.string("kubeconfig") });
  const unusable = (why: string): KnownError =>
    new KnownError("OIDC_NO_AUTH_PROVIDER", `${UNUSABLE}: ${why}`, { hint: HINT });
  const user = userOf(kubeconfig, options, unusable);
  const entry = kubeconfig.users.get(user);
  if (entry === undefined) throw unusable(`user ${user} does not exist`);
  const { authProvider } = entry.value;
  if (authProvider === undefined) throw unusable("auth-provider is missing");
  if (authProvider.name !== "oidc")
    throw unusable(`auth-provider.name must be oidc but is ${authProvider.name}`);
  if (entry.origin === undefined) throw unusable(`user ${user} is in no file`);
  return { path: entry.origin, originFacts: entry.originFacts, user, provider: authProvider };
};

/** `--user` wins over `--context`. */
const userOf = (
  kubeconfig: Kubeconfig,
  options: ParsedOptions,
  unusable: (why: string) => KnownError,
): string => {
  const named = options.string("user") ?? "";
  if (named !== "") return named;
  const given = options.string("context") ?? "";
  const context = given === "" ? (kubeconfig.currentContext ?? "") : given;
  const found = kubeconfig.contexts.get(context)?.value;
  if (found === undefined) throw unusable(`context ${context} does not exist`);
  return found.user ?? "";
};

/** kubectl and we hold the file's lock for an instant only, and client-go's way is not to wait for it. */
const TRIES = 30;
const PAUSE = millis(100);

const unlocked = async (work: () => Promise<void>, system: System): Promise<void> => {
  for (let left = TRIES; ; left -= 1)
    try {
      await work();
      return;
    } catch (error) {
      if (left <= 0 || !isKnownError(error, "KUBECONFIG_LOCKED")) throw error;
      await system.sleep(PAUSE);
    }
};

/** As the file has it now; where it has none any more, as it was. */
const providerNow = async (
  { path, user, provider }: FoundProvider,
  system: System,
): Promise<AuthProvider> => {
  const { users } = await loadKubeconfig(system, { explicit: path });
  return users.get(user)?.value.authProvider ?? provider;
};

const keptIn = ({ config }: AuthProvider): Kept => {
  const of = (name: string): Secret | undefined => {
    const value = config.get(name) ?? "";
    return value === "" ? undefined : new Secret(value);
  };
  return {
    idToken: of("id-token"),
    refreshToken: of("refresh-token"),
    accessToken: undefined,
    expiresAt: undefined,
  };
};

/** The provider's part of the kubeconfig with these tokens; a refresh without a new refresh token leaves the old one. */
const configWith = ({ config }: AuthProvider, entry: Kept): ReadonlyMap<string, string> =>
  new Map([
    ...config,
    ["id-token", entry.idToken?.reveal() ?? ""] as const,
    ...(entry.refreshToken === undefined ? [] : [["refresh-token", entry.refreshToken.reveal()] as const]),
  ]);

const LISTS: ReadonlySet<string> = new Set(["certificate-authority", "certificate-authority-data"]);

/** The file says which provider; flags say how to sign in, and may add authorities. */
const withFlags = (file: ParsedOptions, flags: ParsedOptions): ParsedOptions => {
  const own = oidcStandaloneCommand.options;
  const rest = asGetToken(flags, own);
  const from = (name: string): ParsedOptions => (Object.hasOwn(own, name) ? rest : file);
  return {
    boolean: (name) => from(name).boolean(name),
    string: (name) => from(name).string(name),
    list: (name) => (LISTS.has(name) ? [...file.list(name), ...rest.list(name)] : from(name).list(name)),
    count: (name) => from(name).count(name),
  };
};
