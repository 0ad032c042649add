import type { Command } from "../command.ts";
import { IAM_OPTIONS } from "./iam-options.ts";

/** What a server is set up with; `kauth iam init` takes them too. */
export const SERVER_OPTIONS = {
  ...IAM_OPTIONS,
  partition: {
    type: "string",
    value: "NAME",
    summary:
      "Partition of AWS whose people are let in: aws, aws-cn, aws-us-gov, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f or " +
      "aws-eusc. Default: aws",
    env: false,
  },
  region: {
    type: "string",
    value: "REGION",
    summary: "Region that the server stands in, for one whose name kauth does not know",
    env: false,
  },
  hostname: {
    type: "string",
    value: "NAME",
    summary: "Name or address by which the API server reaches this server. Default: localhost",
    env: false,
  },
  address: {
    type: "string",
    value: "IP",
    summary: "Address to listen on. Default: 127.0.0.1, so that nobody on other machines can ask",
    env: false,
  },
  port: { type: "string", value: "PORT", summary: "Port to listen on. Default: 21362", env: false },
  "state-dir": {
    type: "string",
    value: "DIR",
    summary: "Directory of certificate and key. Default: /var/aws-iam-authenticator",
    env: false,
  },
  "generate-kubeconfig": {
    type: "string",
    value: "FILE",
    summary:
      "Where the API server's webhook configuration is written. Default: " +
      "/etc/kubernetes/aws-iam-authenticator/kubeconfig.yaml",
    env: false,
  },
} as const satisfies Command["options"];

export const iamServerCommand: Command = {
  path: ["iam", "server"],
  summary: "Answer an API server whose the tokens of AWS IAM are",
  operands: "",
  description: [
    "A token webhook for API servers of your own (EKS has its own): it takes a token, asks AWS whose it is, and says which",
    "user and groups that is, by mappings in a file, a ConfigMap or resources of the cluster. It takes the flags and the",
    "configuration file of aws-iam-authenticator server. One JSON line for each decision goes to standard output.",
  ].join("\n"),
  examples: [
    { command: "kauth iam server -c /etc/kauth/iam.yaml", does: "Serve with a configuration file" },
    {
      command: "kauth iam server -c iam.yaml --backend-mode MountedFile,EKSConfigMap",
      does: "Look into the file, then into kube-system/aws-auth",
    },
  ],
  options: {
    ...SERVER_OPTIONS,
    "kubeconfig-pregenerated": {
      type: "boolean",
      summary: "The API server has its webhook configuration: none is written",
      env: false,
    },
    kubeconfig: {
      type: "string",
      value: "PATH",
      summary: "Kubeconfig for backends in the cluster. Default: the pod's own identity",
      env: false,
    },
    master: {
      type: "string",
      value: "URL",
      summary: "Address of the API server for backends in the cluster",
      env: false,
    },
    "backend-mode": {
      type: "list",
      value: "NAME",
      summary:
        "Where mappings are, in this order: MountedFile, EKSConfigMap, CRD, DynamicFile. Default: MountedFile",
      env: false,
    },
    "ec2-describeInstances-qps": {
      type: "string",
      value: "N",
      summary: "Questions to EC2 a second, for names of nodes. Default: 15",
      env: false,
    },
    "ec2-describeInstances-burst": {
      type: "string",
      value: "N",
      summary: "Questions to EC2 at once. Default: 5",
      env: false,
    },
    "tls-cert-file": {
      type: "string",
      value: "FILE",
      summary:
        "Certificate to show, with --tls-key-file. Default: one in --state-dir, made where there is none",
      env: false,
    },
    "tls-key-file": { type: "string", value: "FILE", summary: "Its key, PEM", env: false },
    "compat-status": {
      type: "boolean",
      summary: "Refuse with 403 as aws-iam-authenticator does, and not with 200 and the reason",
      env: false,
    },
    "sts-qps": {
      type: "string",
      value: "N",
      summary: "Questions to AWS's Security Token Service a second. Default: 100",
      env: false,
    },
    "sts-burst": { type: "string", value: "N", summary: "Questions to it at once. Default: 200", env: false },
    "verdict-cache": {
      type: "string",
      value: "DURATION",
      summary:
        "How long AWS is not asked again about the same token, 10s at most. Default: 0, it is always asked",
      env: false,
    },
  },
  exit: {
    done: "Ended by Ctrl-C or SIGTERM.",
    failed: "It cannot serve: a taken port, the API server.",
    refused: "A mistake in the command line, its configuration, certificate or mappings.",
  },
  lasting: true,
  load: async () => (await import("../iam/server.ts")).runServer,
};
