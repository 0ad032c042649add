import type { Command } from "../command.ts";

const OPTIONS = {
  username: {
    type: "string",
    value: "NAME",
    summary: "Who they are in the cluster; may have places such as {{SessionName}}",
    env: false,
    own: true,
  },
  groups: {
    type: "list",
    value: "GROUP",
    summary: "Groups they are in, with commas between them",
    env: false,
  },
  prompt: {
    type: "boolean",
    default: "true",
    summary: "Ask before anything is changed. --prompt=false does not",
    env: false,
  },
  kubeconfig: {
    type: "string",
    value: "PATH",
    summary: "Kubeconfig of who may change the ConfigMap. Default: as kubectl's",
    env: false,
  },
  "kubeconfig-context": {
    type: "string",
    value: "NAME",
    summary: "Context of the kubeconfig. Default: its current one",
    env: false,
  },
  "master-url": {
    type: "string",
    value: "URL",
    summary: "Address of the API server. Default: the kubeconfig's",
    env: false,
  },
} as const satisfies Command["options"];

export const iamAddUserCommand: Command = {
  path: ["iam", "add", "user"],
  summary: "Let a user of AWS IAM into a cluster",
  operands: "",
  description: [
    "Adds an entry to mapUsers of the ConfigMap kube-system/aws-auth, as aws-iam-authenticator add user does. What else is",
    "written there stays as it is, comments too.",
  ].join("\n"),
  examples: [
    {
      command:
        "kauth iam add user --userarn arn:aws:iam::111122223333:user/jane --username jane --groups viewers",
      does: "Let jane in",
    },
  ],
  options: {
    userarn: { type: "string", value: "ARN", summary: "The user's ARN", env: false },
    ...OPTIONS,
  },
  exit: {
    done: "The user is added, or whoever was asked said no.",
    failed: "The API server could not be asked, or did not allow it.",
    refused: "A mistake in the command line, the kubeconfig or the mappings that are there.",
  },
  load: async () => (await import("../iam/add.ts")).runAddUser,
};

export const iamAddRoleCommand: Command = {
  path: ["iam", "add", "role"],
  summary: "Let those who take a role of AWS IAM into a cluster",
  operands: "",
  description: [
    "Adds an entry to mapRoles of the ConfigMap kube-system/aws-auth, as aws-iam-authenticator add role does. What else is",
    "written there stays as it is, comments too.",
  ].join("\n"),
  examples: [
    {
      command:
        "kauth iam add role --rolearn arn:aws:iam::111122223333:role/Dev --username dev:{{SessionName}} --groups devs",
      does: "Let in whoever takes a role",
    },
    {
      command:
        "kauth iam add role --sso permissionSetName=ViewOnly,accountID=111122223333 --username {{SessionName}} --groups viewers",
      does: "Let in whoever has a permission set of IAM Identity Center",
    },
  ],
  options: {
    rolearn: { type: "string", value: "ARN", summary: "The role's ARN", env: false },
    sso: {
      type: "string",
      value: "SET",
      summary: "permissionSetName=NAME,accountID=ID and perhaps ,partition=NAME instead of a role's ARN",
      env: false,
    },
    ...OPTIONS,
  },
  exit: {
    done: "The role is added, or whoever was asked said no.",
    failed: "The API server could not be asked, or did not allow it.",
    refused: "A mistake in the command line, the kubeconfig or the mappings that are there.",
  },
  load: async () => (await import("../iam/add.ts")).runAddRole,
};
