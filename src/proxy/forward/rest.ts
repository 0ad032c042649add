import { millis } from "../../base/units.ts";
import type { Wire } from "./wire.ts";

/** Milliseconds between two looks whether somebody else answers by now: what the last one did says nothing of them. */
const GLANCE = 250;

/** Sleeps for so many milliseconds. True: no longer than until somebody else answers. @throws the signal's reason */
export async function restUntilOther(
  { system, peer }: Pick<Wire, "system" | "peer">,
  length: number,
  signal: AbortSignal,
): Promise<boolean> {
  const glance = peer === undefined ? length : GLANCE;
  let known = peer?.();
  for (let left = length; left > 0; left -= glance) {
    await system.sleep(millis(Math.min(left, glance)), signal);
    const now = peer?.();
    if (now !== undefined && now !== known) return true;
    known = now;
  }
  return false;
}
