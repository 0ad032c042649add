import type { Origin } from "./types.ts";

export type ProxyEvent =
  /** A launch link was used. */
  | { readonly kind: "session"; readonly site: Origin }
  /** A launch link was used twice: somebody else may have had it, so the session it made is over (R-N7). */
  | { readonly kind: "raced"; readonly site: Origin; readonly ended: boolean }
  /** A connection of another user was reset (R-C4). The uid is unknown when the other end was closed already. */
  | { readonly kind: "stranger"; readonly uid: number | undefined };
