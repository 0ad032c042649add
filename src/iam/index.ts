export { listIamCache, type ListedEntry } from "./token/cache.ts";
export type { ChainHands, CredentialProcess } from "./token/chain.ts";
export { execCredential, execVersion } from "./token/exec-credential.ts";
export { makeToken, type IamTokenWish } from "./token/make.ts";
export type { RoleWish } from "./token/plan.ts";
export type { SigningKeys } from "./token/sigv4.ts";
export { mintToken, type IamToken, type StsEndpoint, type TokenWish } from "./token/token.ts";
export { arnLike } from "./arn-like.ts";
export { canonicalArn } from "./arn.ts";
export { lookupOf, type Found, type Lookup, type Who } from "./mapping/lookup.ts";
export {
  createMapper,
  type Backend,
  type MappedUser,
  type Mapper,
  type MapperParts,
  type PrivateDnsName,
} from "./mapping/mapper.ts";
export type { BackendName, ReservedPrefixes } from "./mapping/reserved.ts";
export type { PermissionSet, Subject } from "./mapping/subject.ts";
export type { MappingEntry, MappingTable } from "./mapping/table.ts";
export type { IamIdentity } from "./verify/identity.ts";
export { readAwsAuth } from "./mapping/aws-auth.ts";
export { readIdentityMappings } from "./mapping/crd.ts";
export { readDynamicFile, type DynamicFile } from "./mapping/dynamic-file.ts";
export type { ReadMapping } from "./mapping/table.ts";
export { backendModes, readServerConfig, type BackendModes, type ServerConfig } from "./server-config.ts";
export {
  followMappings,
  type BackendState,
  type LiveMappings,
  type MappingWishes,
} from "./mapping/live/backends.ts";
export type { MappingEvent, Tell } from "./mapping/live/source.ts";
export { ec2InstanceNames, type InstanceWishes } from "./ec2/instances.ts";
export { diffMappings, type MappingChange, type MappingDiff } from "./mapping/diff.ts";
export {
  MAPPING_FORMATS,
  readMappingDocument,
  type MappingDocument,
  type MappingFormat,
} from "./mapping/documents.ts";
export { lintMapping, type LintFinding } from "./mapping/lint.ts";
export { nearMisses, type NearMiss } from "./mapping/near.ts";
export { RESERVED_PREFIXES } from "./mapping/reserved.ts";
export { subjectText } from "./mapping/subject.ts";
export { writeMapping, type WrittenMapping } from "./mapping/write.ts";
export { accountOfKey } from "./verify/access-key.ts";
export { explainToken, type ExplainedRule } from "./verify/explain.ts";
export { readToken, type Reading } from "./verify/reading.ts";
export type { RuleSettings } from "./verify/rules.ts";
export { partitionNamed, PARTITIONS, type Partition, type PartitionName } from "./partitions.ts";
export { verifyToken, type VerifiedIdentity, type VerifyWish } from "./verify/verify.ts";
