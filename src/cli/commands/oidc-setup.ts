import type { Command } from "../command.ts";
import { KUBECONFIG_OPTIONS } from "../oidc/kubeconfig-options.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "../oidc/options.ts";

export const oidcSetupCommand: Command = {
  path: ["oidc", "setup"],
  summary: "Set up a kubeconfig for OpenID Connect",
  operands: "",
  description: [
    "Signs in, keeps nothing of it, and prints what the provider says of you, the kubectl command that makes a user with",
    "these options, and what the API server has to be told: its flags, and the same as AuthenticationConfiguration. With",
    "--write it changes the kubeconfig itself; nothing else in the file changes. All that is for people is printed on",
    "standard error. Without an issuer and a client it prints this help.",
  ].join("\n"),
  examples: [
    {
      command: "kauth oidc setup --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes",
      does: "Sign in, and print what is to be done",
    },
    {
      command:
        "kauth oidc setup --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes --write --context prod",
      does: "Make the user oidc, and have the context prod use it",
    },
    {
      command:
        "kauth oidc setup --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes --skip-login -o json",
      does: "The same as data, without a sign-in",
    },
  ],
  options: {
    ...PROVIDER_OPTIONS,
    write: { type: "boolean", summary: "Change the kubeconfig, not only print how", env: false },
    ...KUBECONFIG_OPTIONS,
    user: {
      type: "string",
      value: "NAME",
      default: "oidc",
      summary: "With --write: the user that is made. One that signs in another way is left alone",
      env: false,
    },
    context: {
      type: "string",
      value: "NAME",
      summary: "With --write: a context that gets the user. Default: none does",
      env: false,
    },
    "skip-login": {
      type: "boolean",
      summary: "Do not sign in; only ask the provider what it is",
      env: false,
    },
    "username-claim": {
      type: "string",
      value: "CLAIM",
      summary:
        "Claim that the API server takes the user's name from. Default: sub, which is always there and never changes",
      env: false,
    },
    "groups-claim": {
      type: "string",
      value: "CLAIM",
      summary: "Claim that it takes the groups from. Default: groups, where your token has it",
      env: false,
    },
    prefix: {
      type: "string",
      value: "TEXT",
      default: "oidc:",
      summary: "What the API server puts before names, so that nobody can be somebody of another kind",
      env: false,
    },
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "Set up, or said how.",
    failed: "Nobody signed in, the provider refused, or the kubeconfig could not be written.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig.",
  },
  load: async () => (await import("../oidc/setup.ts")).runSetup,
};
