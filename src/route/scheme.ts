export interface PortFacts {
  readonly name: string;
  readonly port: number;
  readonly appProtocol: string | undefined;
}

const HTTP_PORT = 80;
const HTTPS_PORTS: ReadonlySet<number> = new Set([443, 8443, 6443, 9443]);

export type Scheme = "http" | "https";

/** From what a port says of itself: appProtocol, name, number. Undefined: nothing. */
export const saidScheme = (port: PortFacts): Scheme | undefined => {
  const protocol = port.appProtocol?.toLowerCase();
  if (protocol === "https" || protocol === "kubernetes.io/wss") return "https";
  if (protocol === "http" || protocol === "kubernetes.io/ws") return "http";
  if (/^https(-|$)/.test(port.name) || port.name.endsWith("-https")) return "https";
  if (/^http(-|$)/.test(port.name)) return "http";
  if (HTTPS_PORTS.has(port.port)) return "https";
  return port.port === HTTP_PORT ? "http" : undefined;
};

/** The same, where one has to be chosen. */
export const schemeOf = (port: PortFacts): Scheme => saidScheme(port) ?? "http";
