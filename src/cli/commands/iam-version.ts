import type { Command } from "../command.ts";

export const iamVersionCommand: Command = {
  path: ["iam", "version"],
  summary: "Print the version as aws-iam-authenticator does",
  operands: "",
  description:
    "Prints kauth's own version in the form that programs expect of aws-iam-authenticator version. For people there is " +
    "kauth version.",
  examples: [{ command: "kauth iam version -o yaml", does: "As YAML" }],
  options: {
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      default: "json",
      choices: ["json", "yaml"],
      summary: "Form of the answer",
      env: false,
    },
    short: { type: "boolean", short: "s", summary: "The number alone", env: false },
  },
  exit: {
    done: "It was printed.",
    failed: "It could not be.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../iam/version.ts")).runIamVersion,
};
