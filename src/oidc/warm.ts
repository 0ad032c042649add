/**
 * The second door of this module: what answers from the cache. kubectl waits for that at each call, so nothing behind it
 * may load what speaks to a provider or verifies a signature.
 */
export { openCache } from "./cache.ts";
export { noteHandedOut } from "../base/handed-out.ts";
export { openSealedCache } from "./sealed-cache.ts";
export { cacheKey } from "./cache-key.ts";
export { credentialOf, endHere, isFresh, type Credential } from "./life.ts";
