import { proxyUrlFault, withoutPassword } from "../base/proxy-rule.ts";
import type { Cluster, User } from "./types.ts";

const INTERACTIVE_MODES: ReadonlySet<string> = new Set(["Never", "IfAvailable", "Always"]);

/** What client-go says of a cluster entry that is empty; alone it means that nothing is configured. */
export const EMPTY_CLUSTER_FAULT = "cluster has no server defined";

/** Why a file cannot be opened, or read, in Go's words; undefined where it can, or where nobody has looked. */
export type Unreadable = (path: string, how: "open" | "read") => string | undefined;

/** client-go's complaints about the selected cluster, word for word and in its order (credentials.md §1.7). */
export const clusterFaults = (name: string, cluster: Cluster, unreadable: Unreadable): readonly string[] => {
  const faults: string[] = [];
  if (isEmptyCluster(cluster)) return [EMPTY_CLUSTER_FAULT];
  if (cluster.server === undefined)
    faults.push(
      name === "" ? "default cluster has no server defined" : `no server found for cluster "${name}"`,
    );
  const { proxyUrl } = cluster;
  const fault = proxyUrl === undefined ? undefined : proxyUrlFault(proxyUrl);
  if (proxyUrl !== undefined && fault !== undefined)
    faults.push(`invalid 'proxy-url' "${withoutPassword(proxyUrl)}" for cluster "${name}": ${fault}`);
  const { certificateAuthority: authority } = cluster;
  if (authority === undefined) return faults;
  if (cluster.certificateAuthorityData !== undefined)
    faults.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  const reason = unreadable(authority, "open");
  if (reason !== undefined)
    faults.push(`unable to read certificate-authority ${authority} for ${name} due to ${reason}`);
  return faults;
};

const isEmptyCluster = (cluster: Cluster): boolean =>
  Object.values(cluster).every((value) => value === undefined || value === false);

/** The same for the selected user. */
export const userFaults = (name: string, user: User, unreadable: Unreadable): readonly string[] => {
  const faults: string[] = [];
  const methods = [
    ...(user.token === undefined ? [] : ["token"]),
    ...(user.username === undefined && user.password === undefined ? [] : ["basicAuth"]),
  ];
  faults.push(...certificateFaults(name, user, unreadable), ...execFaults(name, user));
  if (methods.length > 1)
    faults.push(
      `more than one authentication method found for ${name}; found [${methods.join(" ")}], only one is allowed`,
    );
  const { user: other, uid, groups, extra } = user.impersonate;
  if (other === undefined && (uid !== undefined || groups.length > 0 || extra.size > 0))
    faults.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  return faults;
};

/** A key without a certificate is not looked at. */
const certificateFaults = (name: string, user: User, unreadable: Unreadable): readonly string[] => {
  const { clientCertificate, clientKey } = user;
  const faults: string[] = [];
  if (clientCertificate === undefined && user.clientCertificateData === undefined) return faults;
  if (clientCertificate !== undefined && user.clientCertificateData !== undefined)
    faults.push(
      `client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`,
    );
  if (clientKey !== undefined && user.clientKeyData !== undefined)
    faults.push(
      `client-key-data and client-key are both specified for ${name}; client-key-data will override`,
    );
  if (clientKey === undefined && user.clientKeyData === undefined)
    faults.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
    );
  for (const [what, path] of [
    ["client-cert", clientCertificate],
    ["client-key", clientKey],
  ] as const) {
    const reason = path === undefined ? undefined : unreadable(path, "open");
    if (reason !== undefined) faults.push(`unable to read ${what} ${path} for ${name} due to ${reason}`);
  }
  return faults;
};

/**
 * What goes wrong when client-go makes headers of an entry that is valid: a token file that alone should identify has
 * to be there from the start, and two kinds of Authorization are one too many (credentials.md §1.6).
 */
export const headerFault = (user: User, unreadable: Unreadable): string | undefined => {
  const { tokenFile, token } = user;
  if (tokenFile === undefined) return undefined;
  const reason = token === undefined ? unreadable(tokenFile, "read") : undefined;
  if (reason !== undefined) return reason;
  return user.username === undefined && user.password === undefined
    ? undefined
    : "username/password or bearer token may be set, but not both";
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
