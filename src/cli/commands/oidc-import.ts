import type { Command } from "../command.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { CACHE_OPTIONS, CHOSEN_PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcImportCommand: Command = {
  path: ["oidc", "import"],
  summary: "Take a sign-in over from kubelogin's token cache",
  operands: "",
  description: [
    "Looks in kubelogin's cache for the entry of the provider and the client, by what its ID token says, keeps it as our",
    "own, and removes it there: two tools that share a refresh token take it from each other. An entry of our own that is",
    "there already stays. Without options it is about the user of the current context.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc import", does: "For the user of the current context" },
    {
      command: "kauth oidc import --from ~/.kube/cache/oidc-login --keep",
      does: "From that directory, and leave it there",
    },
  ],
  options: {
    ...CHOSEN_PROVIDER_OPTIONS,
    ...KUBECONFIG_OPTIONS,
    from: {
      type: "string",
      value: "DIRECTORY",
      summary: "kubelogin's cache. Default: the token cache directory, which is the same for both",
      env: false,
    },
    keep: { type: "boolean", summary: "Leave kubelogin's entry where it is", env: false },
    ...CACHE_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "The sign-in is taken over, or one was there already.",
    failed: "There is none, or it could not be kept.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/import.ts")).runImport,
};
