import type { OptionSpec } from "../command.ts";

/** Options of every command under `kauth iam`, which aws-iam-authenticator calls global (iam.md §1.1). */
export const IAM_OPTIONS = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    summary: "Configuration file of aws-iam-authenticator, YAML. What is said elsewhere counts before it",
    env: false,
  },
  "cluster-id": {
    type: "string",
    short: "i",
    value: "ID",
    summary: "What the cluster's server of IAM tokens calls the cluster; for EKS its name",
    env: "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID",
  },
  "log-format": {
    type: "string",
    short: "l",
    value: "FORMAT",
    summary: "Form of log lines on standard error: text or json. Anything else is text",
    env: false,
  },
  "log-verbosity": {
    type: "string",
    value: "LEVEL",
    summary:
      "Least level of log lines: panic, fatal, error, warning, info, debug or trace. As aws-iam-authenticator " +
      "it is -v too",
    env: "AWS_IAM_AUTHENTICATOR_LOG_VERBOSITY",
  },
  "feature-gates": {
    type: "list",
    value: "GATE=BOOL",
    summary: "Accepted: ConfiguredInitDirectories, SSORoleMatch, IAMIdentityMappingCRD",
    env: false,
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** How the keys are come by, and whose role is taken. */
const KEY_OPTIONS = {
  region: {
    type: "string",
    value: "REGION",
    summary:
      "Region of AWS, whose Security Token Service signs for. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, " +
      "the cluster's where its id or address says it, the machine's, us-east-1",
    env: false,
  },
  profile: {
    type: "string",
    value: "NAME",
    summary: "Profile of ~/.aws/config, before keys in the environment. Default: AWS_PROFILE, after them",
    env: false,
    own: true,
  },
  duration: {
    type: "string",
    value: "SECONDS",
    summary: "How long the role's keys are good for, 900 to 43200. Default: 900",
  },
  "session-tag": {
    type: "list",
    value: "KEY=VALUE",
    summary: "Tag of the role's session",
  },
  "transitive-tag": {
    type: "list",
    value: "KEY",
    summary: "Tag that stays when this role takes another",
  },
  "source-identity": {
    type: "string",
    value: "NAME",
    summary: "Identity that stays with whatever the role does",
  },
  "mfa-serial": {
    type: "string",
    value: "ARN",
    summary: "Device whose code the role wants",
  },
  "mfa-code": {
    type: "string",
    value: "CODE",
    summary: "Its code now. Default: asked for in a terminal",
  },
  cache: {
    type: "boolean",
    summary:
      "Keep keys that took another machine, a program or a person, and tokens made with them. false keeps nothing; " +
      "true reads the file of aws-iam-authenticator's cache too. Default: keep, and read no other file",
  },
  "sso-login": {
    type: "boolean",
    summary: "Sign in with a browser where the session of IAM Identity Center is over",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Of `kauth iam token`. */
export const TOKEN_OPTIONS = {
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
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Of `kauth iam get-token`. */
export const EKS_OPTIONS = {
  "cluster-name": { type: "string", value: "NAME", summary: "Name of the cluster on EKS" },
  "cluster-id": { type: "string", value: "ID", summary: "Id of a local cluster on an Outpost" },
  "role-arn": { type: "string", value: "ARN", summary: "Role to take before the token is signed" },
  output: {
    type: "string",
    value: "FORMAT",
    choices: ["json"],
    summary: "Form of the answer",
    env: false,
  },
  ...KEY_OPTIONS,
} as const satisfies Readonly<Record<string, OptionSpec>>;
