import { KnownError } from "../base/errors.ts";
import type { Cluster, User } from "./types.ts";

/**
 * client-go's defaulting (credentials.md §4.2): `host:port` is https where a CA, a certificate or the insecure flag
 * says that TLS is meant, else http; the path stays as a prefix, query and fragment go.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export const serverUrl = (text: string, cluster: Cluster, user: User): URL => {
  const tls =
    cluster.certificateAuthority !== undefined ||
    cluster.certificateAuthorityData !== undefined ||
    cluster.insecureSkipTlsVerify ||
    user.clientCertificate !== undefined ||
    user.clientCertificateData !== undefined;
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${tls ? "https" : "http"}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname === "")
    throw new KnownError("CLIENT_CONFIG_INVALID", `host must be a URL or a host:port pair: "${text}"`);
  url.search = "";
  url.hash = "";
  url.username = "";
  url.password = "";
  return url;
};
