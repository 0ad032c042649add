export { credentialHeaders, sameCertificate } from "./apply.ts";
export type { ExecCall, ExecOptions } from "./exec.ts";
export type { OwnCall, OwnProgram } from "./exec-own.ts";
export { checkCertificate, dateFault, type CheckedCertificate } from "./certificate.ts";
export { fetchedSource } from "./fetched.ts";
export { earlyMargin } from "./life.ts";
export type { Origin } from "./ownership.ts";
export { runProgram, type CredentialProgram } from "./program.ts";
export { checkOwnership } from "./ownership.ts";
export { credentialSource } from "./source.ts";
export { checkToken, tokenClaims, tokenExpiry } from "./token.ts";
export type {
  ClientCertificate,
  Credential,
  CredentialSource,
  GetOptions,
  HeaderCredential,
  Method,
} from "./types.ts";
