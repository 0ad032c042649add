import type { Command } from "../command.ts";
import { OUTPUT } from "../output-option.ts";

export const cleanCommand: Command = {
  path: ["clean"],
  summary: "Remove what kauth wrote on this machine",
  operands: "",
  description: [
    "Removes the files that docs/files.md lists as state, cache and runtime files: the key behind the names of your",
    "pages, what is remembered of carriers, launch files. config.yaml, which you wrote, stays.",
  ].join("\n"),
  examples: [
    { command: "kauth clean --dry-run", does: "Say what would be removed" },
    { command: "kauth clean", does: "Remove it" },
  ],
  options: {
    "dry-run": { type: "boolean", summary: "Only say what would be removed" },
    output: OUTPUT,
  },
  survivesConfig: true,
  exit: {
    done: "All that is kauth's is removed, or would be.",
    failed: "Something could not be removed.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../clean.ts")).runClean,
};
