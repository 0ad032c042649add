import { code, type Code } from "./code.ts";

/** The part of the table of errors that is about signing in with OpenID Connect. */
export const OIDC_CODES = {
  OIDC_PROVIDER_INVALID: code(
    1,
    "The OpenID provider is not the one that the settings name, or says nothing that can be used.",
    "Check the issuer's address letter by letter; whoever runs the provider knows it.",
  ),
  OIDC_PROVIDER_BUSY: code(
    1,
    "The OpenID provider has a fault of its own, or asks for patience.",
    "Try again in a moment; if it stays so, ask whoever runs the provider.",
  ),
  OIDC_TOKEN_INVALID: code(
    1,
    "A token of the OpenID provider does not prove what it has to, so it is used for nothing.",
    "Sign in again; if it stays so, show the message to whoever runs the provider.",
  ),
  OIDC_GRANT_REFUSED: code(
    1,
    "The OpenID provider refuses to give a token.",
    "Sign in again; if it stays so, show the message to whoever runs the provider.",
  ),
  OIDC_CLIENT_REFUSED: code(
    1,
    "The OpenID provider does not accept the client, or something that it asks for.",
    "Check client ID, client secret, redirect URL and scopes against the provider's registration.",
  ),
  OIDC_LOGIN_REFUSED: code(
    1,
    "The sign-in ended without a permission, or was declined.",
    "Sign in again, and allow what the provider asks.",
  ),
  OIDC_LOGIN_TIMEOUT: code(1, "Nobody signed in in time.", "Run the command again, and sign in."),
  OIDC_LOGIN_WAITS: code(
    1,
    "A sign-in came to nothing a short while ago; so that no browser fills with tabs, nobody is asked again yet.",
    "Run kauth oidc login with the same options to sign in now.",
  ),
  OIDC_NOBODY_ASKED: code(
    1,
    "Somebody has to sign in, and there is neither a browser nor a terminal to ask them by.",
    "Run kauth oidc login with the same options on a terminal, then try again.",
  ),
  OIDC_ASSERTION_MISSING: code(
    1,
    "The token by which the client or the workload shows who it is could not be got.",
    "Check the source that the message names.",
  ),
  OIDC_KEYRING_UNAVAILABLE: code(
    2,
    "The system's keyring, in which the key to the token cache lies, cannot be used.",
    "Unlock or start the keyring, or keep tokens in files: --token-cache-storage disk.",
  ),
  OIDC_PKCE_REFUSED: code(
    2,
    "The OpenID provider does not protect a code against theft (PKCE with S256).",
    "Ask whoever runs the provider to allow S256; to sign in without it all the same: --oidc-pkce-method no.",
  ),
  OIDC_NOT_SIGNED_IN: code(
    1,
    "No sign-in is kept for that provider, client and options.",
    "See what is kept with kauth oidc list, or sign in with kauth oidc login.",
  ),
  OIDC_NO_AUTH_PROVIDER: code(
    2,
    "The kubeconfig's user has no auth-provider oidc, so there is nothing to sign in for.",
    "Choose another user with --user or --context, or sign in with a credential plugin: kauth oidc setup.",
  ),
  OIDC_SERVER_CONFIG: code(
    2,
    "What should say which providers an API server trusts cannot be read.",
    "Name an AuthenticationConfiguration, or a file with the API server's --oidc- flags, such as the manifest of its pod.",
  ),
  OTHER_KUBELOGIN: code(
    2,
    "The command line is one of Azure's kubelogin, and what answers to that name here is kauth.",
    "Install Azure's kubelogin (github.com/Azure/kubelogin) before this directory on the PATH, or remove the link that kauth link made.",
  ),
  LINK_TAKEN: code(
    2,
    "A name cannot be linked to kauth: it is another program's.",
    "Choose another directory with --dir, or remove the other program first.",
  ),
  KUBECONFIG_USER_TAKEN: code(
    2,
    "A user of the kubeconfig signs in another way already, and is left as it is.",
    "Name another user with --user, or remove that one first: kubectl config delete-user NAME.",
  ),
} as const satisfies Record<string, Code>;
