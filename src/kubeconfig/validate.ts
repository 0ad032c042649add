import type { Cluster, User } from "./types.ts";

const INTERACTIVE_MODES: ReadonlySet<string> = new Set(["Never", "IfAvailable", "Always"]);

/** client-go's complaints about the selected cluster, word for word (credentials.md §1.7). */
export const clusterFaults = (name: string, cluster: Cluster): readonly string[] => {
  const faults: string[] = [];
  if (cluster.certificateAuthority !== undefined && cluster.certificateAuthorityData !== undefined)
    faults.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  return faults;
};

/** The same for the selected user. */
export const userFaults = (name: string, user: User): readonly string[] => {
  const faults: string[] = [];
  const methods = [
    ...(user.token === undefined ? [] : ["token"]),
    ...(user.username === undefined && user.password === undefined ? [] : ["basicAuth"]),
  ];
  if (user.clientCertificate !== undefined || user.clientCertificateData !== undefined) {
    if (user.clientCertificate !== undefined && user.clientCertificateData !== undefined)
      faults.push(
        `client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`,
      );
    if (user.clientKey !== undefined && user.clientKeyData !== undefined)
      faults.push(
        `client-key-data and client-key are both specified for ${name}; client-key-data will override`,
      );
    if (user.clientKey === undefined && user.clientKeyData === undefined)
      faults.push(
        `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
      );
  }
  faults.push(...execFaults(name, user));
  if (methods.length > 1)
    faults.push(
      `more than one authentication method found for ${name}; found [${methods.join(" ")}], only one is allowed`,
    );
  return faults;
};

const execFaults = (name: string, user: User): readonly string[] => {
  const { exec } = user;
  if (exec === undefined) return [];
  const faults: string[] = [];
  const use = `for ${name} to use exec authentication plugin`;
  if (user.authProvider !== undefined)
    faults.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
  if (exec.command === "") faults.push(`command must be specified ${use}`);
  if (exec.apiVersion === "") faults.push(`apiVersion must be specified ${use}`);
  if (exec.env.some((entry) => entry.name === "")) faults.push(`env variable name must be specified ${use}`);
  if (exec.interactiveMode === "") faults.push(`interactiveMode must be specified ${use}`);
  else if (!INTERACTIVE_MODES.has(exec.interactiveMode))
    faults.push(`invalid interactiveMode for ${name}: ${JSON.stringify(exec.interactiveMode)}`);
  return faults;
};
