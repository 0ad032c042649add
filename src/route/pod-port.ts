import type { Pod } from "../api/index.ts";
import { KnownError } from "../base/errors.ts";
import { declaredPorts, whyNotReady } from "./pod-facts.ts";

/**
 * The port of a pod that a person named by number or by name; one that is not named must be the only one that the pod
 * declares. @throws {KnownError} PORT_AMBIGUOUS, PORT_UNKNOWN
 */
export const podPort = (
  pod: Pod,
  wanted: string | undefined,
  /** As a person writes the target, for the hint. */
  target: string,
): { readonly name: string; readonly port: number } => {
  const { name } = pod.metadata;
  const ports = declaredPorts(pod);
  const listed = ports
    .map((port) => (port.name === "" ? `${port.port}` : `${port.port} (${port.name})`))
    .join(", ");
  if (wanted === undefined) {
    const [first, second] = ports;
    if (first !== undefined && second === undefined) return first;
    throw new KnownError(
      "PORT_AMBIGUOUS",
      `Cannot choose a port of pod "${name}": it declares ${listed === "" ? "none" : listed}`,
      { hint: `Name one, e.g. ${target}:${first?.port ?? 8080}` },
    );
  }
  if (/^\d+$/.test(wanted))
    // A container may listen on a port that it does not declare.
    return ports.find((port) => port.port === Number(wanted)) ?? { name: "", port: Number(wanted) };
  const found = ports.find((port) => port.name === wanted);
  if (found !== undefined) return found;
  throw new KnownError(
    "PORT_UNKNOWN",
    `Cannot open port "${wanted}" of pod "${name}": it declares ${listed === "" ? "none" : listed}`,
  );
};

export const noneReady = (what: string, pods: readonly Pod[]): KnownError => {
  const reasons = pods.slice(0, 5).map((pod) => `${pod.metadata.name}: ${whyNotReady(pod)}`);
  const why = reasons.length === 0 ? "there is no pod" : reasons.join("; ");
  return new KnownError("NO_READY_POD", `Cannot open ${what}: no pod of it is ready (${why})`);
};
