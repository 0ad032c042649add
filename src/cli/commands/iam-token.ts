import type { Command } from "../command.ts";
import { TOKEN_OPTIONS } from "./iam-options.ts";

export const iamTokenCommand: Command = {
  path: ["iam", "token"],
  summary: "Print a token for a cluster that knows you by AWS IAM",
  operands: "",
  description: [
    "Signs a request that tells who you are in AWS, and prints it as a credential plugin does. Keys are found where",
    "AWS's own programs find them: the environment, a profile, a web identity, a container, the machine. It takes the",
    "flags, variables and configuration file of aws-iam-authenticator token, and stands for it under that name.",
  ].join("\n"),
  examples: [
    { command: "kauth iam token -i my-cluster", does: "Answer as a credential plugin" },
    { command: "kauth iam token -i my-cluster --token-only", does: "Print the bare token" },
    {
      command: "kauth iam token -i my-cluster -r arn:aws:iam::111122223333:role/Dev",
      does: "As a role that your keys may take",
    },
  ],
  options: TOKEN_OPTIONS,
  exit: {
    done: "The token was printed.",
    failed: "There are no keys, or AWS did not give those of the role.",
    refused: "A mistake in the command line, or in a file of settings.",
  },
  load: async () => (await import("../iam/token.ts")).runIamToken,
};
