import type { Command } from "../command.ts";
import { cacheDirectory } from "../oidc/options.ts";

export const oidcCleanCommand: Command = {
  path: ["oidc", "clean"],
  summary: "Forget all sign-ins that are kept",
  operands: "",
  description: [
    "Removes kauth's entries from the token cache, and nothing else that may lie in that directory: whose entries they",
    "are is told by their names and their content. The provider hears nothing of it; kauth oidc logout tells it.",
  ].join("\n"),
  examples: [
    { command: "kauth oidc clean", does: "Forget them" },
    { command: "kauth oidc clean --token-cache-dir DIRECTORY", does: "Forget those of another cache" },
  ],
  options: {
    "token-cache-dir": cacheDirectory,
  },
  exit: {
    done: "No sign-in is kept there any more.",
    failed: "Something could not be removed.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../oidc/clean.ts")).runOidcClean,
};
