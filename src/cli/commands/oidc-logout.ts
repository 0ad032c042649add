import type { Command } from "../command.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { CACHE_OPTIONS, CHOSEN_PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcLogoutCommand: Command = {
  path: ["oidc", "logout"],
  summary: "Sign out, and have the provider take the tokens back",
  operands: "",
  description: [
    "Asks the provider to take refresh token and access token back (RFC 7009), forgets them here, and opens the provider's",
    "page that ends its own session (OpenID Connect RP-Initiated Logout), where it has one. An ID token that somebody has",
    "copied stays good until its end: no cluster asks the provider about it. Without options it is about the user of the",
    "current context.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc logout", does: "Sign out as whoever the current context signs in" },
    { command: "kauth oidc logout --all --local", does: "Forget every sign-in, without a word to anybody" },
  ],
  options: {
    ...CHOSEN_PROVIDER_OPTIONS,
    ...KUBECONFIG_OPTIONS,
    all: { type: "boolean", summary: "Every sign-in that is kept", env: false },
    local: { type: "boolean", summary: "Only forget it here; the provider is not asked", env: false },
    ...CACHE_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "The tokens are taken back and forgotten.",
    failed:
      "Nobody is signed in, or the provider did not take the tokens back; they are forgotten all the same.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/logout.ts")).runLogout,
};
