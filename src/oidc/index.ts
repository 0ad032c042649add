export { beginAuthorization, type Authorization, type PkceMethod } from "./authorization.ts";
export { noteHandedOut, noteRenewed } from "../base/handed-out.ts";
export { openCache, type Cache } from "./cache.ts";
export type { About, Entry } from "./entry.ts";
export { listEntries, removeEntry, type Listed } from "./store.ts";
export { cacheKey, type KeyInputs } from "./cache-key.ts";
export { openCallback, type Arrived, type Callback, type CallbackWishes } from "./callback.ts";
export { discover } from "./discovery.ts";
export { openWire, type Wire } from "./exchange.ts";
export { checkContinuity, verifyIdToken, type Expected } from "./id-token.ts";
export { providerKeys } from "./keys.ts";
export { isPassing } from "./passing.ts";
export { clientTokens, passwordTokens, redeemCode, refreshTokens, type Party } from "./token-request.ts";
export type { Claims, ClientKey, ClientWishes, Metadata, Reach, Tokens, TokenSource } from "./types.ts";
export { signIn } from "./sign-in.ts";
export { singleFlight } from "./single-flight.ts";
export type {
  DeviceInvitation,
  Grant,
  Least,
  Presentation,
  SignInAround,
  SignInWishes,
  SingleFlight,
  SubjectWishes,
  Storage,
} from "./sign-in-types.ts";
export { credentialOf, isFresh, saidBy, type Credential } from "./life.ts";
export { revokeToken } from "./revoke.ts";
export { tokenAlgorithm } from "./token-algorithm.ts";
export { placesOfEntries } from "./cache.ts";
export { otherFiles } from "./store.ts";
