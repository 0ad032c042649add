export { mintToken, type IamToken, type StsEndpoint, type TokenWish } from "./token/token.ts";
export type { SigningKeys } from "./token/sigv4.ts";
