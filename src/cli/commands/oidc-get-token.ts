import type { Command } from "../command.ts";
import { GET_TOKEN_OPTIONS } from "../oidc/options.ts";

export const oidcGetTokenCommand: Command = {
  path: ["oidc", "get-token"],
  summary: "Sign in with OpenID Connect and answer as a credential plugin",
  operands: "",
  description: [
    "Prints an ExecCredential for kubectl and other clients. The token comes from the cache, else by a refresh token,",
    "else a person signs in. It takes kubelogin's options, so that a kubeconfig that runs `kubectl oidc-login get-token`",
    "works with it as it is. Nothing but the ExecCredential is written to standard output.",
  ].join("\n"),
  examples: [
    {
      command:
        "kauth oidc get-token --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes",
      does: "Sign in with a browser, or take the token that is kept",
    },
    {
      command:
        "kauth oidc get-token --oidc-issuer-url https://issuer.example.com --oidc-client-id kubernetes --grant-type device-code",
      does: "Sign in on another device",
    },
  ],
  options: GET_TOKEN_OPTIONS,
  exit: {
    done: "The token was printed.",
    failed: "Nobody signed in, or the provider refused.",
    refused: "A mistake in the command line, an unsafe set-up, or no keyring to seal with.",
  },
  load: async () => (await import("../oidc/get-token.ts")).runGetToken,
};
