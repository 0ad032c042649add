import type { Command } from "../command.ts";
import { OUTPUT_OPTION } from "../output-option.ts";
import { MAPPING_OPTIONS } from "./iam-explain.ts";

const FORMS =
  "A file is the ConfigMap aws-auth or its data, the server's configuration, IAMIdentityMapping objects, the dynamic " +
  "file or EKS access entries; - is standard input.";

export const iamMappingLintCommand: Command = {
  path: ["iam", "mapping", "lint"],
  summary: "Find mistakes in mappings of AWS IAM",
  operands: "FILE…",
  description: [
    "Reads mappings as kauth iam server does, and says what counts for nothing, what is meant otherwise, perhaps, and",
    `who takes whose place. ${FORMS}`,
  ].join("\n"),
  examples: [
    {
      command: "kubectl get cm -n kube-system aws-auth -o yaml | kauth iam mapping lint -",
      does: "What EKS has now",
    },
    { command: "kauth iam mapping lint --strict config.yaml", does: "Before the server gets it" },
  ],
  options: {
    strict: { type: "boolean", summary: "Warnings are faults too", env: false },
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "Nothing is wrong. Warnings are no fault without --strict.",
    failed: "Something is wrong.",
    refused: "A mistake in the command line, or a file that cannot be read.",
  },
  load: async () => (await import("../iam/mapping-lint.ts")).runMappingLint,
};

export const iamMappingTestCommand: Command = {
  path: ["iam", "mapping", "test"],
  summary: "Say who somebody of AWS would be in the cluster",
  operands: "FILE…",
  description: [
    "Maps an ARN as kauth iam server would with these files as its backends, in this order. Where it is nobody's, it says",
    `which entries nearly match, and what keeps them from it. ${FORMS}`,
  ].join("\n"),
  examples: [
    {
      command: "kauth iam mapping test aws-auth.yaml --arn arn:aws:sts::111122223333:assumed-role/Dev/me",
      does: "Who would that session be?",
    },
  ],
  options: { arn: MAPPING_OPTIONS.arn, "user-id": MAPPING_OPTIONS["user-id"], ...OUTPUT_OPTION },
  exit: {
    done: "It is somebody.",
    failed: "It is nobody.",
    refused: "A mistake in the command line, or a file that cannot be read.",
  },
  load: async () => (await import("../iam/mapping-test.ts")).runMappingTest,
};

export const iamMappingDiffCommand: Command = {
  path: ["iam", "mapping", "diff"],
  summary: "Say who gains and who loses between two mappings",
  operands: "BEFORE AFTER",
  description: [
    "Compares by whom entries are for, in whatever form and order they are written, and warns when nobody would be an",
    `administrator any more. ${FORMS}`,
  ].join("\n"),
  examples: [
    { command: "kauth iam mapping diff aws-auth.yaml config.yaml", does: "Is anything lost on the way?" },
  ],
  options: OUTPUT_OPTION,
  exit: {
    done: "They say the same.",
    failed: "They do not.",
    refused: "A mistake in the command line, or a file that cannot be read.",
  },
  load: async () => (await import("../iam/mapping-diff.ts")).runMappingDiff,
};

export const iamMappingConvertCommand: Command = {
  path: ["iam", "mapping", "convert"],
  summary: "Write mappings in another form",
  operands: "FILE",
  description: [
    "Prints mappings in another of their forms. What that form cannot say is left out and told on standard error; without",
    `--lossy nothing is printed then. ${FORMS}`,
  ].join("\n"),
  examples: [
    { command: "kauth iam mapping convert aws-auth.yaml --to file", does: "For kauth iam server" },
    {
      command: "kauth iam mapping convert aws-auth.yaml --to access-entries --cluster-name prod --lossy",
      does: "What EKS takes as access entries",
    },
  ],
  options: {
    to: {
      type: "string",
      value: "FORM",
      choices: ["aws-auth", "file", "crd", "dynamic-file", "access-entries"],
      summary: "The form to write",
      env: false,
    },
    "cluster-name": {
      type: "string",
      value: "NAME",
      default: "CLUSTER",
      summary: "Name of the EKS cluster, in access entries",
      env: false,
    },
    lossy: { type: "boolean", summary: "Print the rest where not all of it can be written", env: false },
  },
  exit: {
    done: "All of it was written.",
    failed: "Not all of it can be.",
    refused: "A mistake in the command line, or a file that cannot be read.",
  },
  load: async () => (await import("../iam/mapping-convert.ts")).runMappingConvert,
};
