import { between, millis, type EpochMillis, type Millis } from "../base/units.ts";
import type { Credential } from "./types.ts";

/** A credential and when its life began: when it was issued, or first seen where nobody knows. */
export interface Issued {
  readonly credential: Credential;
  readonly at: EpochMillis;
}

const EARLY_MOST = 60_000;
const EARLY_SHARE = 0.1;

/** min(60 s, 10 % of its life): time to fetch another while this one is still good. */
export const earlyMargin = (life: Millis): Millis => millis(Math.min(EARLY_MOST, life * EARLY_SHARE));

/** Within the margin before the end. */
export const isEarly = (issued: Issued, now: EpochMillis): boolean => {
  const end = issued.credential.expiresAt;
  if (end === undefined) return false;
  return now >= end - earlyMargin(millis(Math.max(0, between(issued.at, end))));
};

/** After its very end. */
export const isOver = (issued: Issued, now: EpochMillis): boolean => {
  const end = issued.credential.expiresAt;
  return end !== undefined && now > end;
};
