import { messageOf } from "../../base/errors.ts";
import { after, millis, type EpochMillis } from "../../base/units.ts";
import type { Issued } from "../life.ts";
import type { GoogleToken } from "./adc.ts";
import { formatGoTime, parseGoTime, RFC3339_NANO } from "./go-time.ts";
import {
  issue,
  misconfigured,
  within,
  type FetchOptions,
  type Provider,
  type ProviderContext,
} from "./provider.ts";

/** oauth2's margin for clocks that differ. */
const EXPIRY_DELTA = millis(10_000);

/** cloud-platform is for Google's APIs, userinfo.email lets GKE know a service account by its address. */
const SCOPES = [
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/userinfo.email",
];

/**
 * `auth-provider: gcp` (credentials.md §3.2): the stored token until 10 s before its end, then a program's, or one for
 * Google's application default credentials. A token whose end nobody knows is good for one call.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export function createGcp(given: ReadonlyMap<string, string>, context: ProviderContext): Provider {
  const { system } = context;
  const source = tokenSource(given, context);
  let token: GoogleToken = {
    accessToken: given.get("access-token") ?? "",
    expiresAt: parseGoTime(RFC3339_NANO, given.get("expiry") ?? ""),
  };
  let held: { readonly token: GoogleToken; readonly issued: Issued } | undefined;
  /** Whether the kubeconfig may still hold the token in hand. */
  let stored = true;

  const hold = (of: GoogleToken): Issued => {
    if (held?.token === of) return held.issued;
    const issued = issue(of.accessToken, "gcp", { at: system.now(), expiresAt: of.expiresAt });
    held = { token: of, issued };
    return issued;
  };
  const save = async (config: ReadonlyMap<string, string>): Promise<void> => {
    try {
      await context.save(config);
    } catch (error) {
      system.log.verbose(1, `Failed to persist token: ${messageOf(error)}`);
    }
  };
  return {
    borrows: given.get("cmd-path") === undefined,
    usable: () =>
      token.accessToken !== "" && isFar(token.expiresAt, system.now()) ? hold(token) : undefined,
    fetch: async (options) => {
      token = await source(options);
      stored = true;
      await save(
        new Map([...given, ["access-token", token.accessToken], ["expiry", formatGoTime(token.expiresAt)]]),
      );
      return hold(token);
    },
    rejected: async () => {
      // The token in hand stays; whoever starts next gets another (credentials.md §7, trap 14).
      if (!stored) return;
      stored = false;
      await save(new Map([...given].filter(([key]) => key !== "access-token" && key !== "expiry")));
    },
  };
}

const isFar = (end: EpochMillis | undefined, now: EpochMillis): boolean =>
  end !== undefined && end > after(now, EXPIRY_DELTA);

type TokenSource = (options: FetchOptions) => Promise<GoogleToken>;

const tokenSource = (config: ReadonlyMap<string, string>, context: ProviderContext): TokenSource => {
  const scopes = config.get("scopes");
  const path = config.get("cmd-path");
  if (path === undefined)
    return async () => {
      const { findDefaultCredentials } = await import("./adc.ts");
      const wanted = scopes === undefined ? SCOPES : scopes === "" ? [] : scopes.split(",");
      const getToken = await findDefaultCredentials(wanted, context.system).catch((error: unknown) => {
        throw within("cannot construct google default token source", error);
      });
      return await getToken();
    };
  // Go's own would crash on white space alone.
  if (path.trim() === "") throw misconfigured("missing access token cmd");
  if ((scopes ?? "") !== "")
    throw misconfigured("scopes can only be used when kubectl is using a gcp service account key");
  const words = config.get("cmd-args");
  const [file = path, ...args] = words === undefined ? fieldsOf(path) : [path, ...fieldsOf(words)];
  const command = {
    file: context.resolve(file),
    args,
    tokenKey: config.get("token-key") || "{.access_token}",
    expiryKey: config.get("expiry-key") || "{.token_expiry}",
    timeFormat: config.get("time-fmt") || RFC3339_NANO,
  };
  return async ({ signal }) => {
    const { commandToken } = await import("./gcp-command.ts");
    return await commandToken(command, context, signal);
  };
};

/** Go's strings.Fields: no quoting, as it was. */
const fieldsOf = (text: string): readonly string[] => text.split(/\s+/u).filter((word) => word !== "");
