export { beginAuthorization, type Authorization, type PkceMethod } from "./authorization.ts";
export { openCallback, type Arrived, type Callback } from "./callback.ts";
export { discover } from "./discovery.ts";
export { openWire, type Wire } from "./exchange.ts";
export { checkContinuity, verifyIdToken, type Expected } from "./id-token.ts";
export { providerKeys } from "./keys.ts";
export { isPassing } from "./passing.ts";
export { clientTokens, passwordTokens, redeemCode, refreshTokens, type Party } from "./token-request.ts";
export type { Claims, ClientWishes, Metadata, Reach, Tokens } from "./types.ts";
