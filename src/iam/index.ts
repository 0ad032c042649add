export type { ChainHands, CredentialProcess } from "./token/chain.ts";
export { execCredential, execVersion } from "./token/exec-credential.ts";
export { makeToken, type IamTokenWish } from "./token/make.ts";
export type { RoleWish } from "./token/plan.ts";
export type { SigningKeys } from "./token/sigv4.ts";
export { mintToken, type IamToken, type StsEndpoint, type TokenWish } from "./token/token.ts";
