import { KnownError } from "../base/errors.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";

export interface ExecInfo {
  readonly apiVersion: string;
  readonly interactive: boolean;
  /** Only with provideClusterInfo. */
  readonly cluster: ExecCluster | undefined;
}

export interface ExecCluster {
  readonly config: ClientConfig;
  /** PEM; a CA file has been read into it. */
  readonly certificateAuthorityData: string | undefined;
}

/**
 * The value of KUBERNETES_EXEC_INFO, byte for byte what client-go writes (credentials.md §2.1): compact JSON in its
 * field order, empty fields left out but `server` and `config`, Go's escapes, keys of the extension in order, a line
 * feed. `proxy-url` comes from the kubeconfig only.
 */
export const writeExecInfo = ({ apiVersion, interactive, cluster }: ExecInfo): string => {
  const spec = fields([
    ["cluster", cluster === undefined ? undefined : clusterOf(cluster)],
    ["interactive", String(interactive)],
  ]);
  const json = fields([
    ["kind", '"ExecCredential"'],
    ["apiVersion", JSON.stringify(apiVersion)],
    ["spec", spec],
  ]);
  return `${json.replaceAll(/[<>&\u2028\u2029]/g, goEscape)}\n`;
};

/** An object of values that are JSON already; undefined ones are left out. */
const fields = (values: readonly (readonly [string, string | undefined])[]): string =>
  `{${values.flatMap(([name, json]) => (json === undefined ? [] : [`${JSON.stringify(name)}:${json}`])).join(",")}}`;

const text = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);

const clusterOf = ({ config, certificateAuthorityData: authority }: ExecCluster): string => {
  const { cluster } = config;
  return fields([
    ["server", text(serverOf(cluster.server ?? config.server.href))],
    ["tls-server-name", text(cluster.tlsServerName)],
    ["insecure-skip-tls-verify", cluster.insecureSkipTlsVerify ? "true" : undefined],
    [
      "certificate-authority-data",
      authority === undefined ? undefined : text(Buffer.from(authority, "utf8").toString("base64")),
    ],
    ["proxy-url", text(cluster.proxyUrl)],
    ["disable-compression", cluster.disableCompression ? "true" : undefined],
    ["config", inOrder(cluster.execConfig, 0)],
  ]);
};

/** As it is written, but a server with a path has neither query nor fragment (row O12). */
const serverOf = (server: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*\/[^?#]/i.test(server) ? server.replace(/[?#].*$/s, "") : server;

/** No plugin's configuration is nested so deep; what is would end the stack. */
const DEPTH = 200;

/** JSON with the keys in order, as Go writes maps. */
const inOrder = (value: unknown, depth: number): string => {
  if (depth > DEPTH)
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `Cannot give the cluster's extension to the credential plugin: it is nested deeper than ${DEPTH} levels`,
    );
  if (Array.isArray(value)) return `[${value.map((item) => inOrder(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  return fields(
    Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, item]) => [key, inOrder(item, depth + 1)]),
  );
};

const goEscape = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
