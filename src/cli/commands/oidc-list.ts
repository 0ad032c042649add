import type { Command } from "../command.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { cacheDirectory } from "../oidc/options.ts";

export const oidcListCommand: Command = {
  path: ["oidc", "list"],
  summary: "List the sign-ins that are kept",
  operands: "",
  description: [
    "Prints each entry of the token cache: provider, client, whose it is, until when its token is good, and whether it is",
    "renewed without asking. No token is printed, and nobody is asked.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc list", does: "What is kept" },
    { command: "kauth oidc list -o json", does: "The same for a program" },
  ],
  options: {
    "token-cache-dir": cacheDirectory,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "The sign-ins were listed, also where there is none.",
    failed: "They could not be printed.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../oidc/list.ts")).runList,
};
