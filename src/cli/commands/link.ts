import type { Command } from "../command.ts";

export const linkCommand: Command = {
  path: ["link"],
  summary: "Let kauth answer to the name of a tool that it stands in for",
  operands: "NAME",
  description: [
    "Makes a second name for kauth: kubelogin or aws-iam-authenticator, for kubeconfigs that call them. Nothing makes",
    "these names by itself, since they would hide the real tools. A name that is taken is left alone, and so is one that",
    "would hide another program of that name on your PATH, unless --shadow says that this is what you want. To undo it,",
    "remove the link.",
  ].join("\n"),
  examples: [
    { command: "kauth link kubelogin", does: "Beside kauth itself" },
    { command: "kauth link aws-iam-authenticator", does: "The same for AWS IAM" },
    { command: "kauth link kubelogin --dir ~/bin", does: "In a directory of your own" },
  ],
  options: {
    dir: {
      type: "string",
      value: "DIRECTORY",
      summary: "Where to make it. Default: the directory on your PATH in which kauth is",
      env: false,
    },
    shadow: {
      type: "boolean",
      summary: "Also where another program of that name stands later on your PATH, and is hidden then",
      env: false,
    },
  },
  exit: {
    done: "The name is made, or was there already.",
    failed: "What became of it could not be told.",
    refused: "A mistake in the command line, or the name is taken.",
  },
  load: async () => (await import("../link.ts")).runLink,
};
