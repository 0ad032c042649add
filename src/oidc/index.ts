export { discover } from "./discovery.ts";
export { openWire, type Wire } from "./exchange.ts";
export { checkContinuity, verifyIdToken, type Expected } from "./id-token.ts";
export { providerKeys } from "./keys.ts";
export { isPassing } from "./passing.ts";
export type { Claims, ClientWishes, Metadata, Provider, Reach, Tokens } from "./types.ts";
