import type { Command } from "../command.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";
import { PLUGIN_OPTIONS } from "../globals.ts";

export const oidcStandaloneCommand: Command = {
  path: ["oidc", "standalone"],
  summary: "Write tokens into a kubeconfig's auth-provider",
  operands: "",
  description: [
    "For kubeconfigs whose user has the old auth-provider oidc: signs in as it says, and writes id-token and refresh-token",
    "there, as kubelogin without a command does. A token that is still good is left as it is, in silence. New set-ups do",
    "better with a credential plugin: kauth oidc setup.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc standalone", does: "For the user of the current context" },
    {
      command: "kauth oidc standalone --user me --grant-type device-code",
      does: "For another, without a browser",
    },
  ],
  options: {
    ...KUBECONFIG_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    "allow-writable-kubeconfig": {
      ...PLUGIN_OPTIONS["allow-writable-kubeconfig"],
      summary: "Sign in as a kubeconfig says although others can write it. Unsafe",
      env: "KAUTH_OIDC_ALLOW_WRITABLE_KUBECONFIG",
    },
  },
  exit: {
    done: "The kubeconfig has good tokens.",
    failed: "Nobody signed in, the provider refused, or the kubeconfig could not be written.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/standalone.ts")).runStandalone,
};
