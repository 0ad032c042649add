import type { Scheme, TargetReference } from "./types.ts";

export interface PortFacts {
  readonly name: string;
  readonly port: number;
  /** Only ports of Services have one. */
  readonly appProtocol?: string | undefined;
}

const HTTP_PORT = 80;
const HTTPS_PORTS: ReadonlySet<number> = new Set([443, 8443, 6443, 9443]);

/** From what a port is called: appProtocol, then name. Undefined: it is called something else. */
export const namedScheme = ({ name, appProtocol }: PortFacts): Scheme | undefined => {
  const protocol = appProtocol?.toLowerCase();
  if (protocol === "https" || protocol === "kubernetes.io/wss") return "https";
  if (protocol === "http" || protocol === "kubernetes.io/ws") return "http";
  if (/^https(-|$)/.test(name) || name.endsWith("-https")) return "https";
  return /^http(-|$)/.test(name) ? "http" : undefined;
};

/** From all that a port says of itself: what it is called, then its number. Undefined: nothing. */
export const saidScheme = (port: PortFacts): Scheme | undefined => {
  const named = namedScheme(port);
  if (named !== undefined) return named;
  if (HTTPS_PORTS.has(port.port)) return "https";
  return port.port === HTTP_PORT ? "http" : undefined;
};

/** From the person, else from the port. */
export const chosenScheme = (
  reference: Pick<TargetReference, "scheme">,
  port: PortFacts,
): Scheme | undefined => reference.scheme ?? saidScheme(port);
