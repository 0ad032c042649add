import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { sha256 } from "../../base/sha256.ts";
import type { System } from "../../base/system.ts";
import { MiB, type Millis } from "../../base/units.ts";
import type { Reach } from "../../oidc/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { expandTilde } from "../tilde.ts";
import { flag, given, secondsOf, usage } from "./flags.ts";
import { map, slice } from "./go-values.ts";
import { GRANT_TYPES, MORE_GRANT_TYPES, KEYRINGS, PKCE_METHODS, STORAGES } from "./options.ts";

/** Which identity of which provider: what the name of an entry is made of, and how the provider is reached. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly redirectUri: string | undefined;
  readonly scopes: readonly string[];
  readonly useAccessToken: boolean;
  readonly audience: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly pkce: (typeof PKCE_METHODS)[number];
  /** PEM. */
  readonly ca: string | undefined;
  readonly verify: boolean;
  readonly username: string | undefined;
  readonly account: string | undefined;
  readonly extra: ReadonlyMap<string, string>;
  /** By which source, where a token is exchanged. */
  readonly subject: string | undefined;
  /** What tells one job's token from another's that comes by the same source. No secret. */
  readonly subjectNow: string | undefined;
  readonly grant: (typeof GRANT_TYPES)[number] | (typeof MORE_GRANT_TYPES)[number];
}

export interface CacheSettings {
  readonly directory: string;
  readonly storage: (typeof STORAGES)[number];
  /** Which one, where a system has several: Linux. */
  readonly keyring: (typeof KEYRINGS)[number];
  readonly margin: Millis | undefined;
}

/** PEM files of authorities. */
const CA_LIMIT = MiB(4);

const oneOf = <const T extends string>(
  who: string,
  name: string,
  value: string | undefined,
  known: readonly T[],
  more: readonly T[] = [],
): T => {
  const found = [...known, ...more].find((each) => each === value);
  if (found !== undefined) return found;
  throw usage(
    `${who}: ${name} must be one of (${known.join("|")})`,
    more.length === 0 ? undefined : `kauth also knows ${more.join(", ")}. See --help.`,
  );
};

/**
 * kubelogin's checks in its order and words: issuer, client ID, then grant type, storage and PKCE (oidc.md §1.2). Files
 * are read after them.
 * @param who what messages begin with: `get-token`, `setup`
 * @throws {KnownError} USAGE
 */
export async function readSettings(
  { options, system }: Pick<Invocation, "options" | "system">,
  who: string,
): Promise<ProviderSettings & CacheSettings> {
  const issuer = given(options.string("oidc-issuer-url"));
  if (issuer === undefined) throw usage("--oidc-issuer-url is missing");
  const clientId = given(options.string("oidc-client-id"));
  if (clientId === undefined) throw usage("--oidc-client-id is missing");
  const text = (name: string): string | undefined => given(options.string(name));
  if (options.list("oidc-use-pkce").length > 0)
    system.log.say(
      "Flag --oidc-use-pkce has been deprecated, use --oidc-pkce-method instead. For the most providers, you don't need to set the flag.",
    );
  const grant = oneOf(who, "grant-type", options.string("grant-type"), GRANT_TYPES, MORE_GRANT_TYPES);
  const storage = oneOf(who, "token-cache-storage", options.string("token-cache-storage"), STORAGES);
  const method = oneOf(who, "oidc-pkce-method", options.string("oidc-pkce-method"), PKCE_METHODS);
  const account = text("account");
  const secret = text("oidc-client-secret");
  const extra = new Map(flag(options, "oidc-auth-request-extra-params", map));
  if (account !== undefined && !extra.has("login_hint")) extra.set("login_hint", account);
  const margin = secondsOf(options, "token-expiry-margin");
  const headers = [...flag(options, "oidc-request-header", map)];
  return {
    issuer,
    clientId,
    clientSecret: secret === undefined ? undefined : new Secret(secret),
    redirectUri: text("oidc-redirect-url"),
    scopes: flag(options, "oidc-extra-scope", slice),
    useAccessToken: options.boolean("oidc-use-access-token"),
    audience: text("oidc-access-token-audience"),
    headers,
    pkce: options.boolean("oidc-use-pkce") ? "S256" : method,
    ca: await authorities(options, system),
    verify: !options.boolean("insecure-skip-tls-verify"),
    username: text("username"),
    account,
    extra,
    subject: text("oidc-subject-token"),
    subjectNow: subjectNow(text("oidc-subject-token"), system.env),
    grant,
    storage,
    keyring: oneOf(who, "token-cache-keyring", options.string("token-cache-keyring"), KEYRINGS),
    directory: expandTilde(text("token-cache-dir") ?? defaultDirectory(system), system),
    margin,
  };
}

/** Builds of one runner have one home and the same options; what each may do is in its own token. */
export const subjectNow = (subject: string | undefined, env: System["env"]): string | undefined => {
  const name = subject?.startsWith("env:")
    ? subject.slice("env:".length)
    : subject === "github" || subject?.startsWith("github:")
      ? "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
      : undefined;
  return name === undefined ? undefined : sha256(env[name] ?? "").toString("hex");
};

/** How providers are reached, and where entries are, whoever they are of. @throws {KnownError} USAGE */
export const readReach = async ({
  options,
  system,
}: Pick<Invocation, "options" | "system">): Promise<{
  readonly directory: string;
  readonly reach: Reach;
}> => ({
  directory: expandTilde(given(options.string("token-cache-dir")) ?? defaultDirectory(system), system),
  reach: {
    ca: await authorities(options, system),
    verify: !options.boolean("insecure-skip-tls-verify"),
    headers: [...flag(options, "oidc-request-header", map)],
  },
});

/** kubelogin's place (oidc.md §1.2), but a KUBECACHEDIR that is empty counts as none. */
export const defaultDirectory = ({ env, home }: System): string => {
  const base = given(env["KUBECACHEDIR"]);
  return base === undefined ? join(home, ".kube", "cache", "oidc-login") : join(base, "oidc-login");
};

const authorities = async (options: ParsedOptions, system: System): Promise<string | undefined> => {
  const found: string[] = [];
  for (const path of options.list("certificate-authority"))
    if (path !== "")
      try {
        const content = await system.files.read(expandTilde(path, system), CA_LIMIT);
        found.push(content.toString("utf8"));
      } catch (error) {
        throw usage(`Cannot read --certificate-authority ${JSON.stringify(path)}: ${messageOf(error)}`);
      }
  for (const text of options.list("certificate-authority-data"))
    if (text !== "") {
      const content = Buffer.from(text, "base64").toString("utf8");
      if (!content.includes("-----BEGIN CERTIFICATE-----"))
        throw usage(
          "Cannot use --certificate-authority-data: it is no PEM certificate in base64",
          "Make it with: base64 -w0 < ca.pem",
        );
      found.push(content);
    }
  return found.length === 0 ? undefined : found.join("\n");
};
