import { code, type Code } from "./code.ts";

/** The part of `codes.ts` that `kauth iam` adds. */
export const IAM_CODES = {
  // --- iam: token
  IAM_CLUSTER_ID: code(
    2,
    "No token can be signed for a cluster that has such a name.",
    "Give the name that the cluster's server of IAM tokens has: for EKS, the cluster's.",
  ),
  IAM_REGION: code(
    2,
    "That is no name of an AWS region.",
    "Give the region with --region or AWS_REGION, such as us-east-1.",
  ),
  IAM_ENDPOINT: code(
    2,
    "The URL that was named for AWS's Security Token Service cannot be used.",
    "Correct AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL or endpoint_url, or take it away.",
  ),
  AWS_PROFILE: code(
    2,
    "A profile of AWS's shared files is not there or has a mistake.",
    "Correct the profile in ~/.aws/config, or name another one with AWS_PROFILE.",
  ),
  AWS_STS_REFUSED: code(
    1,
    "AWS's Security Token Service did not give what it was asked for.",
    "Check the role, who may assume it, and that your own keys are still good.",
  ),
  AWS_ANSWER_INVALID: code(
    1,
    "What a service of AWS answered is not what it should be.",
    "Check what the endpoint really is, and try again.",
  ),
  AWS_CONTAINER: code(
    1,
    "The agent beside a container of ECS or EKS gave no keys.",
    "Check the variables AWS_CONTAINER_… and the role of the task or pod.",
  ),
} as const satisfies Record<string, Code>;
