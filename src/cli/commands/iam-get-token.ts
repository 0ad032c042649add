import type { Command } from "../command.ts";
import { EKS_OPTIONS } from "./iam-options.ts";

export const iamGetTokenCommand: Command = {
  path: ["iam", "get-token"],
  summary: "The same with the options of aws eks get-token",
  operands: "",
  description: [
    "Does what aws eks get-token does, and takes its options. In a kubeconfig command: aws can become command: kauth",
    "and nothing else needs to change, since kauth eks get-token is this command too. What AWS_DEFAULT_OUTPUT says",
    "changes nothing: kubectl reads JSON.",
  ].join("\n"),
  examples: [
    { command: "kauth iam get-token --cluster-name my-cluster", does: "Answer as a credential plugin" },
    {
      command: "kauth iam get-token --cluster-name my-cluster --profile dev",
      does: "With the keys of a profile",
    },
  ],
  options: EKS_OPTIONS,
  exit: {
    done: "The token was printed.",
    failed: "There are no keys, or AWS did not give those of the role.",
    refused: "A mistake in the command line, or in a file of settings.",
  },
  load: async () => (await import("../iam/get-token.ts")).runGetToken,
};
