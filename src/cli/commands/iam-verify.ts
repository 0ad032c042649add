import type { Command } from "../command.ts";
import { IAM_OPTIONS } from "./iam-options.ts";

export const PARTITION_OPTION = {
  type: "string",
  value: "NAME",
  default: "aws",
  summary: "Partition of AWS whose Security Token Service is asked: aws, aws-cn, aws-us-gov, …",
  env: false,
} as const;

export const REGION_OPTION = {
  type: "string",
  value: "REGION",
  summary:
    "Where the server is: a host of STS there is good, whatever the region's name. No machine is asked",
  env: false,
} as const;

export const iamVerifyCommand: Command = {
  path: ["iam", "verify"],
  summary: "Say whose a token of AWS IAM is, by asking AWS",
  operands: "",
  description: [
    "Looks at a token as kauth iam server does, asks AWS's Security Token Service who signed it, and prints that: the",
    "flags and the answer of aws-iam-authenticator verify. kauth iam explain says more, and asks nobody.",
  ].join("\n"),
  examples: [
    { command: "kauth iam verify -i my-cluster -t TOKEN", does: "Who is that?" },
    {
      command: "kauth iam token -i c --token-only | kauth iam verify -i c -t - -o json",
      does: "Who am I, as JSON?",
    },
  ],
  options: {
    ...IAM_OPTIONS,
    token: {
      type: "string",
      short: "t",
      value: "TOKEN",
      summary: "The token; - reads it from standard input, where no other program can see it",
      env: false,
      own: true,
    },
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      summary: "json, or one line as Go prints it",
      env: false,
    },
    partition: PARTITION_OPTION,
    region: REGION_OPTION,
  },
  exit: {
    done: "Somebody signed it for this cluster.",
    failed: "It is nobody's, or AWS could not be asked.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../iam/verify.ts")).runIamVerify,
};
