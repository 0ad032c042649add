export interface PortFacts {
  readonly name: string;
  readonly port: number;
  readonly appProtocol: string | undefined;
}

const HTTPS_PORTS: ReadonlySet<number> = new Set([443, 8443, 6443, 9443]);

/** From what a port says of itself: appProtocol, name, number; a URL of the person's own wins over it. */
export const schemeOf = (port: PortFacts): "http" | "https" => {
  const protocol = port.appProtocol?.toLowerCase();
  if (protocol === "https" || protocol === "kubernetes.io/wss") return "https";
  if (protocol === "http" || protocol === "kubernetes.io/ws") return "http";
  if (/^https(-|$)/.test(port.name) || port.name.endsWith("-https")) return "https";
  if (/^http(-|$)/.test(port.name)) return "http";
  return HTTPS_PORTS.has(port.port) ? "https" : "http";
};
