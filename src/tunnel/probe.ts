import type { Connection } from "../api/index.ts";
import type { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { attempt, type PodAddress } from "./attempt.ts";
import type { Carrier } from "./types.ts";

/**
 * Why no port-forward to a pod can be had by one carrier; undefined when one can. A tunnel is opened, a PING goes there
 * and back, and it is closed again: nothing reaches a port of the pod.
 */
export async function probeCarrier(
  connection: Connection,
  pod: PodAddress,
  options: { readonly system: System; readonly carrier: Carrier; readonly signal: AbortSignal },
): Promise<KnownError | undefined> {
  const { system, carrier, signal } = options;
  const result = await attempt({ connection, pod, system, onTick: () => undefined }, carrier, {
    signal,
    onSent: () => undefined,
    onUpgraded: () => undefined,
  });
  if (result.kind === "failed") return result.error;
  await result.session.close();
  return undefined;
}
