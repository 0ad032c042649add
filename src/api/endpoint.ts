import { KnownError } from "../base/errors.ts";
import { environmentProxy, kubeconfigProxy, type ForwardProxy } from "../base/proxy-rule.ts";
import type { System } from "../base/system.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import type { Trust } from "./network-fault.ts";

/** Where the API server is and how one gets there: what a ClientConfig says of the network. */
export interface Endpoint {
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The `Host` header. */
  readonly authority: string;
  /** What stands before every path; no slash at the end. */
  readonly prefix: string;
  /** For messages: scheme, host, port and prefix. */
  readonly server: string;
  /** Looked for in the certificate. */
  readonly serverName: string;
  /** False: any certificate will do (insecure-skip-tls-verify). */
  readonly verify: boolean;
  readonly trust: Trust;
  readonly proxy: ForwardProxy | undefined;
}

/**
 * `proxy-url` before the environment (credentials.md §4.6), `tls-server-name` before the host (§4.2).
 * @throws {KnownError} PROXY_URL_INVALID, CLIENT_CONFIG_INVALID
 */
export const endpointOf = (config: ClientConfig, system: System): Endpoint => {
  const { server: url, cluster } = config;
  const { proxyUrl, insecureSkipTlsVerify: insecure } = cluster;
  const named = cluster.certificateAuthority !== undefined || cluster.certificateAuthorityData !== undefined;
  if (named && insecure)
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      "specifying a root certificates file with the insecure flag is not allowed",
      { hint: "Remove insecure-skip-tls-verify from the cluster entry: the authority is there" },
    );
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const prefix = url.pathname.replace(/\/+$/, "");
  return {
    secure,
    host,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    authority: url.host,
    prefix,
    server: `${url.protocol}//${url.host}${prefix}`,
    serverName: cluster.tlsServerName ?? host,
    verify: !insecure,
    trust: named ? "kubeconfig" : "system",
    proxy: proxyUrl === undefined ? environmentProxy(url, system.env) : kubeconfigProxy(proxyUrl),
  };
};

/** The proxy that plain http goes to itself, with the whole URL (RFC 9112 §3.2.2); everything else goes through one. */
export const forwardingProxy = ({ secure, proxy }: Endpoint): ForwardProxy | undefined =>
  secure || proxy?.scheme === "socks5" ? undefined : proxy;
