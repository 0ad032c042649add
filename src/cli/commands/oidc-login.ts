import type { Command } from "../command.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { PLUGIN_OPTIONS } from "../globals.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { CACHE_OPTIONS, CHOSEN_PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcLoginCommand: Command = {
  path: ["oidc", "login"],
  summary: "Sign in with OpenID Connect now, so that kubectl need not ask",
  operands: "",
  description: [
    "Signs in as `kauth oidc get-token` with the same options would, whatever is kept, and keeps the result for it.",
    "For terminals: where a plugin cannot ask anybody, this is what it tells you to run. Without a provider it is about",
    "the user of the current context.",
  ].join("\n"),
  examples: [
    {
      command: "kauth oidc login --account me",
      does: "As the current context does, as one of several identities",
    },
    {
      command: "kauth oidc login --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes",
      does: "Sign in again, e.g. as somebody else",
    },
  ],
  options: {
    ...CHOSEN_PROVIDER_OPTIONS,
    ...KUBECONFIG_OPTIONS,
    ...CACHE_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    "allow-writable-kubeconfig": {
      ...PLUGIN_OPTIONS["allow-writable-kubeconfig"],
      summary: "Sign in as a kubeconfig says although others can write it. Unsafe",
      env: "KAUTH_OIDC_ALLOW_WRITABLE_KUBECONFIG",
    },
    output: {
      ...OUTPUT_OPTION.output,
      summary: "json: who signed in and until when, as one object on stdout",
    },
  },
  exit: {
    done: "You are signed in.",
    failed: "Nobody signed in, or the provider refused.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig, or an unsafe set-up.",
  },
  load: async () => (await import("../oidc/login.ts")).runLogin,
};
