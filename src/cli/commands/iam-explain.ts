import type { Command } from "../command.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { IAM_OPTIONS } from "./iam-options.ts";
import { PARTITION_OPTION, REGION_OPTION } from "./iam-verify.ts";

export const MAPPING_OPTIONS = {
  mapping: {
    type: "list",
    value: "FILE",
    summary:
      "Mappings to look into, the first that has an answer counts: the ConfigMap aws-auth, the server's " +
      "configuration, IAMIdentityMapping objects, the dynamic file or EKS access entries. - is standard input",
    env: false,
  },
  arn: {
    type: "string",
    value: "ARN",
    summary: "Whom to look for: a role, a user or a session, as aws sts get-caller-identity tells it",
    env: false,
  },
  "user-id": {
    type: "string",
    value: "ID",
    summary: "Its unique id (AROA…, AIDA…), where mappings name one",
    env: false,
  },
} as const;

export const iamExplainCommand: Command = {
  path: ["iam", "explain"],
  summary: "Look at a token of AWS IAM rule by rule, without asking anybody",
  operands: "TOKEN|-",
  description: [
    "Says of every rule of kauth iam server whether the token keeps it, when and where it was signed, whose access key",
    "it was, and with --mapping and --arn who that would be in the cluster, and which entries nearly match. Nothing",
    "leaves this machine. Whether the signature is right, and for which cluster it is, only AWS can tell:",
    "kauth iam verify asks.",
  ].join("\n"),
  examples: [
    {
      command: "kauth iam token -i my-cluster --token-only | kauth iam explain -",
      does: "Is my token right?",
    },
    {
      command: "kauth iam explain TOKEN --mapping aws-auth.yaml --arn arn:aws:iam::111122223333:role/Dev",
      does: "And who would that role be?",
    },
  ],
  options: {
    ...IAM_OPTIONS,
    ...MAPPING_OPTIONS,
    partition: PARTITION_OPTION,
    region: REGION_OPTION,
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "Every rule is kept, and whoever was named is mapped.",
    failed: "Not so.",
    refused: "A mistake in the command line, or a file that cannot be read.",
  },
  load: async () => (await import("../iam/explain.ts")).runIamExplain,
};
