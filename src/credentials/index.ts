export { credentialHeaders, sameCertificate } from "./apply.ts";
export type { ExecOptions } from "./exec.ts";
export { checkCertificate, dateFault, type CheckedCertificate } from "./certificate.ts";
export { credentialSource } from "./source.ts";
export { tokenExpiry } from "./token.ts";
export type {
  ClientCertificate,
  Credential,
  CredentialSource,
  GetOptions,
  HeaderCredential,
  Method,
} from "./types.ts";
