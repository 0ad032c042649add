import type { Command } from "../command.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { CACHE_OPTIONS, CHOSEN_PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcWhoamiCommand: Command = {
  path: ["oidc", "whoami"],
  summary: "Say who you are to a provider, by the token that is kept",
  operands: "",
  description: [
    "Prints what the ID token that is kept says of you. Nobody is asked, and nothing is renewed; kauth whoami asks the",
    "cluster. Without options it is about the user of the current context.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc whoami", does: "As the current context signs in" },
    { command: "kauth oidc whoami -o json", does: "All claims, for a program" },
  ],
  options: {
    ...CHOSEN_PROVIDER_OPTIONS,
    ...KUBECONFIG_OPTIONS,
    ...CACHE_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "Somebody is signed in.",
    failed: "Nobody is.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/whoami.ts")).runOidcWhoami,
};
