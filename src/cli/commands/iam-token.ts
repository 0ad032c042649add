import type { Command } from "../command.ts";
import { IAM_OPTIONS, KEY_OPTIONS } from "./iam-options.ts";

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
  options: {
    ...IAM_OPTIONS,
    role: {
      type: "string",
      short: "r",
      value: "ARN",
      summary: "Role to take before the token is signed",
      env: "DEFAULT_ROLE",
    },
    "external-id": {
      type: "string",
      short: "e",
      value: "ID",
      summary: "External id that the role wants",
    },
    "session-name": {
      type: "string",
      short: "s",
      value: "NAME",
      summary: "Name of the role's session",
    },
    "forward-session-name": {
      type: "boolean",
      summary: "Name it as the session is named that your keys have",
    },
    "token-only": { type: "boolean", summary: "Print the bare token" },
    ...KEY_OPTIONS,
  },
  load: async () => (await import("../iam/quick.ts")).runIamToken,
};
