import type { Command } from "../command.ts";

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

export const completionCommand: Command = {
  path: ["completion"],
  summary: "Print a completion script for your shell",
  operands: "bash|zsh|fish|powershell",
  description:
    "Prints a script that completes kauth's commands and options. Under a name that kauth link has made, such as kubelogin, " +
    "it is a script for that name.",
  examples: [
    { command: "source <(kauth completion bash)", does: "Complete in this bash" },
    {
      command: "kauth completion fish > ~/.config/fish/completions/kauth.fish",
      does: "Complete in every fish",
    },
  ],
  options: {},
  exit: {
    done: "The script was printed.",
    failed: "It could not be.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../completion.ts")).runCompletion,
};
