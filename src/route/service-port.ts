import type { Service } from "../api/index.ts";
import { KnownError } from "../base/errors.ts";
import { namedScheme, saidScheme } from "./scheme.ts";
import type { TargetReference } from "./types.ts";

export type ServicePort = Service["spec"]["ports"][number];

const portText = (port: ServicePort): string =>
  port.name === "" ? `${port.port}` : `${port.port} (${port.name})`;

/** The port of a Service that a reference means. @throws {KnownError} PORT_UNKNOWN, PORT_AMBIGUOUS; exit 2 */
export const chooseServicePort = (service: Service, reference: TargetReference): ServicePort => {
  const name = service.metadata.name;
  const ports = service.spec.ports.filter((port) => port.protocol === "TCP");
  const listed = ports.map(portText).join(", ");
  if (ports.length === 0)
    throw new KnownError("PORT_UNKNOWN", `Cannot open Service "${name}": it has no TCP port`);
  if (reference.port !== undefined) {
    const wanted = reference.port;
    const found = ports.find((port) => String(port.port) === wanted || port.name === wanted);
    if (found !== undefined) return found;
    throw new KnownError(
      "PORT_UNKNOWN",
      `Cannot open port "${wanted}" of Service "${name}": it has ${listed}`,
      {
        hint: `Name one of them, e.g. svc/${name}:${ports[0]?.port}`,
      },
    );
  }
  const [first] = ports;
  if (ports.length === 1 && first !== undefined) return first;
  const fitting = ports.filter((port) => (saidScheme(port) ?? "http") === (reference.scheme ?? "http"));
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined && ports.every(isWeb)) return only;
  const well = fitting.find((port) => port.port === (reference.scheme === "https" ? 443 : 80));
  if (well !== undefined && isWeb(well)) return well;
  throw new KnownError("PORT_AMBIGUOUS", `Cannot choose a port of Service "${name}": it has ${listed}`, {
    hint: `Name one of them, e.g. svc/${name}:${ports[0]?.port}`,
  });
};

const WEB_PORTS: ReadonlySet<number> = new Set([80, 443, 8080, 8443]);

/** Names like `metrics` or `grpc` are not what a person wants to open. */
const isWeb = (port: ServicePort): boolean => namedScheme(port) !== undefined || WEB_PORTS.has(port.port);
