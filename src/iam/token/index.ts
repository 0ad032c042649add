/** What kubectl waits for at each call, and nothing else. */
export type { ChainHands } from "./chain.ts";
export { execCredential, execVersion } from "./exec-credential.ts";
export { makeToken } from "./make.ts";
export type { RoleWish } from "./plan.ts";
export type { IamToken } from "./token.ts";
