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

  AWS_NO_KEYS: code(
    1,
    "Nothing says which access key of AWS is yours.",
    "Name a profile with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
  ),
  AWS_IMDS: code(
    1,
    "The metadata service of an EC2 machine gave nothing.",
    "Give the machine a role, or name another source of keys; AWS_EC2_METADATA_DISABLED=true keeps it from being asked.",
  ),
  AWS_SSO: code(
    1,
    "The session of IAM Identity Center is over or was not accepted.",
    "Sign in with aws sso login, or add --sso-login.",
  ),
  AWS_PROCESS: code(
    1,
    "The credential_process of a profile gave no keys.",
    "Run it by hand, and correct credential_process in ~/.aws/config.",
  ),
  AWS_CONFIG_WRITABLE: code(
    2,
    "Others may write the file that names a credential_process, and so choose which program runs as you.",
    "Make ~/.aws and what is in it yours alone: chown and chmod go-w.",
  ),
  AWS_CA_BUNDLE: code(
    2,
    "The file of authorities that AWS_CA_BUNDLE or ca_bundle names cannot be read.",
    "Correct AWS_CA_BUNDLE or ca_bundle, or take it away.",
  ),
  AWS_MFA: code(
    1,
    "A role wants a code of a device, and nobody can be asked for it.",
    "Give it with --mfa-code, or run the command in a terminal.",
  ),
  AWS_WAIT: code(
    1,
    "Another process gets the same keys of AWS, and was waited for in vain.",
    "Finish what it asks for, or end it, and run the command again.",
  ),
  IAM_CONFIG: code(
    2,
    "The configuration file of aws-iam-authenticator cannot be read.",
    "Correct the file that --config names.",
  ),

  // --- iam: verify
  IAM_TOKEN_REFUSED: code(
    1,
    "A token of AWS IAM breaks one of the rules that can be looked at without asking AWS.",
    "kauth iam explain shows every rule; kauth iam token makes a new token.",
  ),
  IAM_STS_FAILED: code(
    1,
    "AWS's Security Token Service could not be asked whose a token is, or gave no usable answer.",
    "Try again in a moment; if it stays, check the network between here and the host that the message names.",
  ),
  IAM_STS_THROTTLED: code(
    1,
    "AWS's Security Token Service is asked too often.",
    "Try again in some seconds.",
  ),
  IAM_STS_REFUSED: code(
    1,
    "AWS's Security Token Service did not accept a token.",
    "Make a new token; check that it is for this cluster id, and that clock and credentials are right where it is made.",
  ),

  // --- iam: mapping
  IAM_NOT_MAPPED: code(
    1,
    "AWS knows who somebody is, and no mapping says who that is in the cluster.",
    "Add an entry; kauth iam mapping test --arn shows which ones nearly match.",
  ),
  IAM_USER_ID_MISMATCH: code(
    1,
    "A mapping names the unique id of a role or user together with the ARN of another one.",
    "Correct userid or ARN in the file of mappings; a role that was made anew has a new id.",
  ),
  IAM_NAME_RESERVED: code(
    1,
    "A mapping gives a user name that begins as those do that Kubernetes and AWS keep for themselves.",
    "Give another name, or list in server.reservedPrefixConfig which prefixes are reserved for that backend.",
  ),
  IAM_NAME_INCOMPLETE: code(
    1,
    "A user name or group of a mapping asks for something that the identity does not have.",
    "Take the place holder out, or map sessions of roles only: others have no session name.",
  ),
  IAM_INSTANCE_FAILED: code(
    1,
    "EC2 could not be asked for the name of an instance, or does not know it.",
    "Check that the server's role may do ec2:DescribeInstances, and try again.",
  ),
  IAM_MAPPING_LOSS: code(
    1,
    "Mappings cannot be written whole in another form.",
    "Read what is left out; --lossy prints the rest.",
  ),
  IAM_MAPPING_UNREAD: code(
    1,
    "Nobody is mapped yet by a source that could not be read so far.",
    "Look at the server's log or its /readyz; try again in a moment.",
  ),
  IAM_MAPPING: code(
    2,
    "The configuration of kauth iam server, or a file of mappings, has a mistake.",
    "Correct what the message names; kauth iam mapping lint lists all mistakes.",
  ),

  // --- iam: server
  IAM_STS_LIMIT: code(
    1,
    "The server of IAM tokens asks AWS's Security Token Service no more often than it was told to.",
    "Try again in a moment; if it stays, see who sends so many tokens, or raise --sts-qps.",
  ),
  IAM_SERVER_CONFIG: code(
    2,
    "The server of IAM tokens cannot start with the settings that it was given.",
    "Correct the flag or the key of --config's file that the message names.",
  ),
  IAM_SERVER_CERTIFICATE: code(
    2,
    "The certificate of the server of IAM tokens cannot be used.",
    "Check both files, or move them away so that new ones are made.",
  ),
} as const satisfies Record<string, Code>;
