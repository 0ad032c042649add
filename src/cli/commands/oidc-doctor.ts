import type { Command } from "../command.ts";
import { PLUGIN_OPTIONS } from "../globals.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { CACHE_OPTIONS, CHOSEN_PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcDoctorCommand: Command = {
  path: ["oidc", "doctor"],
  summary: "Say what is wrong between an OpenID provider, you and a cluster",
  operands: "",
  description: [
    "Looks at the provider: its discovery, certificate, clock, keys and algorithms, PKCE, grants, refresh tokens and",
    "scopes, the client and its redirect URI; at this machine; and with a kubeconfig at what the cluster makes of your",
    "token. Of a token that is refused it says which claim is to blame, exactly so with --api-server-config. Without",
    "options it looks at the user of the current context. ✓ is well, ✗ is wrong, ! may matter, – does not apply. No",
    "secret is printed.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc doctor", does: "Look at whatever the current context signs in with" },
    {
      command: "kauth oidc doctor --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes",
      does: "Look at a provider only",
    },
    {
      command: "kauth oidc doctor --api-server-config /etc/kubernetes/manifests/kube-apiserver.yaml",
      does: "Compare the token with what the API server is told",
    },
  ],
  options: {
    ...CHOSEN_PROVIDER_OPTIONS,
    ...KUBECONFIG_OPTIONS,
    "api-server-config": {
      type: "string",
      value: "FILE",
      summary:
        "What the API server is told of providers: an AuthenticationConfiguration, or a file with its --oidc- flags, such as the manifest of its pod",
      env: false,
    },
    "provider-only": {
      type: "boolean",
      summary: "Do not look at the cluster, so that nobody has to sign in",
      env: false,
    },
    renew: {
      type: "boolean",
      summary:
        "Also renew the token that is kept, to see what the refresh token gives. If the provider refuses it you sign in",
      env: false,
    },
    kuberc: {
      type: "string",
      value: "FILE",
      summary:
        "kubectl's preferences, which say what credential plugins may run. Default: KUBERC, else ~/.kube/kuberc",
      env: false,
    },
    ...CACHE_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    ...PLUGIN_OPTIONS,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "Nothing is wrong.",
    failed: "Something is.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/doctor/run.ts")).runOidcDoctor,
};
