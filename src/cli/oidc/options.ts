import type { OptionSpec } from "../command.ts";

/** `KAUTH_OIDC_ISSUER_URL` for `--oidc-issuer-url`, `KAUTH_OIDC_GRANT_TYPE` for `--grant-type`, for every command. */
const variable = (name: string): string =>
  `KAUTH_OIDC_${name
    .replace(/^oidc-/, "")
    .replaceAll("-", "_")
    .toUpperCase()}`;

const option = (
  name: string,
  type: OptionSpec["type"],
  value: string | undefined,
  summary: string,
  more: Partial<OptionSpec> = {},
): Readonly<Record<string, OptionSpec>> => ({
  [name]: {
    type,
    ...(value === undefined ? {} : { value }),
    summary,
    env: variable(name),
    own: true,
    ...more,
  },
});

/** kubelogin's words for them (oidc.md §1.2); what is wrong with a value is said in its words too. */
export const GRANT_TYPES = [
  "auto",
  "authcode",
  "authcode-keyboard",
  "password",
  "device-code",
  "client-credentials",
] as const;
/** What came later; kubelogin has no word for it. */
export const MORE_GRANT_TYPES = ["token-exchange"] as const;
export const STORAGES = ["disk", "keyring", "none"] as const;
/** Linux has two: the desktop's, and the kernel's, which needs none and is empty after a restart. */
export const KEYRINGS = ["secret-service", "keyutils"] as const;
export const PKCE_METHODS = ["auto", "no", "S256"] as const;

/** Which provider, as which client, and what is asked of it. */
export const PROVIDER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...option("oidc-issuer-url", "string", "URL", "Issuer of the provider, letter by letter. Needed"),
  ...option("oidc-client-id", "string", "ID", "Client ID at the provider. Needed"),
  ...option(
    "oidc-client-secret",
    "string",
    "SECRET",
    "Client secret; everybody on this machine can see it in the process list. Public clients with PKCE have none",
  ),
  ...option(
    "oidc-client-assertion",
    "string",
    "SOURCE",
    "In place of a secret: a token that shows which client it is (RFC 7523). file:PATH, env:NAME, command:PROGRAM, github or github:AUDIENCE",
  ),
  ...option(
    "oidc-client-key",
    "string",
    "FILE",
    "In place of a secret: PEM file of the client's private key (private_key_jwt)",
  ),
  ...option("oidc-client-key-id", "string", "ID", "What the provider calls that key (kid)"),
  ...option(
    "oidc-redirect-url",
    "string",
    "URL",
    "Redirect URL as registered at the provider. Default: http://localhost and the port that is listened on",
  ),
  ...option("oidc-extra-scope", "list", "SCOPE", "Scopes to ask for beside openid; commas separate several"),
  ...option(
    "oidc-use-access-token",
    "boolean",
    undefined,
    "The access token is the credential, not the ID token",
  ),
  ...option(
    "oidc-access-token-audience",
    "string",
    "AUDIENCE",
    "With --oidc-use-access-token: the audience that the token has to have. Without it any is taken",
  ),
  ...option("oidc-request-header", "list", "NAME=VALUE", "Headers of every request to the provider"),
  ...option("oidc-use-pkce", "boolean", undefined, "The same as --oidc-pkce-method S256", { ignored: true }),
  ...option("oidc-pkce-method", "string", "METHOD", "How a code is protected against theft", {
    suggests: PKCE_METHODS,
    default: "auto",
  }),
};

/** The same for commands that may take them from the kubeconfig. */
export const CHOSEN_PROVIDER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...PROVIDER_OPTIONS,
  ...option(
    "oidc-issuer-url",
    "string",
    "URL",
    "Issuer of the provider, letter by letter. Default: with all else that of the kubeconfig's user",
  ),
  ...option("oidc-client-id", "string", "ID", "Client ID at the provider. Needed with --oidc-issuer-url"),
};

export const CACHE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...option(
    "token-cache-dir",
    "string",
    "DIRECTORY",
    "Where tokens are kept. Default: oidc-login below KUBECACHEDIR, else ~/.kube/cache/oidc-login",
  ),
  ...option("token-cache-storage", "string", "STORAGE", "How tokens are kept", {
    suggests: STORAGES,
    default: "disk",
  }),
  ...option(
    "token-cache-keyring",
    "string",
    "KEYRING",
    "Which keyring of Linux has the key, with --token-cache-storage keyring; keyutils is the kernel's, empty after a restart",
    { suggests: KEYRINGS, default: "secret-service" },
  ),
  ...option(
    "token-expiry-margin",
    "string",
    "SECONDS",
    "How long before its end a token counts as over. Default: 10, or a tenth of its life if that is less",
  ),
};

export const cacheDirectory: OptionSpec = CACHE_OPTIONS["token-cache-dir"] ?? { type: "string", summary: "" };

export const TLS_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...option(
    "certificate-authority",
    "list",
    "FILE",
    "PEM file of an authority of the provider, beside those of the system; repeatable",
  ),
  ...option(
    "certificate-authority-data",
    "list",
    "PEM",
    "The same as --certificate-authority, as PEM in base64; repeatable",
  ),
  ...option(
    "insecure-skip-tls-verify",
    "boolean",
    undefined,
    "Do not verify the provider's certificate. Unsafe",
  ),
  ...option("tls-renegotiation-once", "boolean", undefined, "No meaning: TLS 1.3 has no renegotiation", {
    ignored: true,
  }),
  ...option("tls-renegotiation-freely", "boolean", undefined, "No meaning: TLS 1.3 has no renegotiation", {
    ignored: true,
  }),
};

export const SIGN_IN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...option(
    "grant-type",
    "string",
    "GRANT",
    "How to sign in; auto: password with --username, else a browser, another device or a pasted address, whichever is possible",
    { suggests: [...GRANT_TYPES, ...MORE_GRANT_TYPES], default: "auto" },
  ),
  ...option(
    "listen-address",
    "list",
    "ADDRESS:PORT",
    "Where the browser's answer is waited for; the first that is free counts. Default: 127.0.0.1:8000,127.0.0.1:18000",
  ),
  ...option("skip-open-browser", "boolean", undefined, "Print the address instead of opening a browser"),
  ...option(
    "browser-command",
    "string",
    "PROGRAM",
    "Program that opens the browser; the address is its only argument",
  ),
  ...option("authentication-timeout-sec", "string", "SECONDS", "How long you have to sign in", {
    default: "180",
  }),
  ...option(
    "local-server-cert",
    "string",
    "FILE",
    "PEM file of a certificate, so that the answer comes over https",
  ),
  ...option("local-server-key", "string", "FILE", "PEM file of its key"),
  ...option("open-url-after-authentication", "string", "URL", "Where the browser goes in the end"),
  ...option(
    "oidc-auth-request-extra-params",
    "list",
    "NAME=VALUE",
    "More parameters of the request; commas separate several",
  ),
  ...option(
    "oidc-subject-token",
    "string",
    "SOURCE",
    "With --grant-type token-exchange: the token to exchange, by the same words as --oidc-client-assertion",
  ),
  ...option("oidc-subject-token-type", "string", "TYPE", "What kind of token that is", {
    default: "urn:ietf:params:oauth:token-type:jwt",
  }),
  ...option("username", "string", "NAME", "User name, for the grant password"),
  ...option(
    "password",
    "string",
    "PASSWORD",
    "Its password; everybody on this machine can see it in the process list",
  ),
  ...option(
    "account",
    "string",
    "NAME",
    "Which of several identities: each has an entry of its own, and the provider is told (login_hint)",
  ),
};

export const GET_TOKEN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...PROVIDER_OPTIONS,
  ...option(
    "force-refresh",
    "boolean",
    undefined,
    "Get a new token although the one that is kept is still good",
  ),
  ...CACHE_OPTIONS,
  ...TLS_OPTIONS,
  ...SIGN_IN_OPTIONS,
};
