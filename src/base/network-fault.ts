import { KnownError, messageOf, systemCode } from "./errors.ts";

/** Node's codes for a chain that does not lead to a trusted authority. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "INVALID_CA",
]);

/** Node's codes for a certificate that is wrong in itself; waiting mends none of them. */
const REFUSED: ReadonlySet<string> = new Set([
  "INVALID_PURPOSE",
  "CERT_REVOKED",
  "CERT_REJECTED",
  "CERT_CHAIN_TOO_LONG",
  "PATH_LENGTH_EXCEEDED",
]);

export interface Peer {
  /** As a message shows it: scheme, host and port; no user name and no password. */
  readonly server: string;
  /** Whose certificates count there. Default: an authority that this system trusts. */
  readonly trust?: string;
  /** What to do about an authority that does not count. */
  readonly trustHint?: string;
  /** What to do about a name that the certificate does not have. */
  readonly nameHint?: string;
}

/** What went wrong between here and a server, with the next step. What is known already stays what it is. */
export const networkFault = (error: unknown, peer: Peer): KnownError => {
  if (error instanceof KnownError) return error;
  const { server } = peer;
  const code = systemCode(error);
  const options = { cause: error };
  if (code !== undefined && UNTRUSTED.has(code))
    return new KnownError(
      "TLS_UNTRUSTED",
      `Cannot trust ${server}: its certificate was not issued by ${peer.trust ?? "an authority that this system trusts"} (${code})`,
      peer.trustHint === undefined ? options : { ...options, hint: peer.trustHint },
    );
  if (code !== undefined && REFUSED.has(code))
    return new KnownError(
      "TLS_UNTRUSTED",
      `Cannot trust ${server}: its certificate is ${code === "INVALID_PURPOSE" ? `not one for servers (${code})` : `refused (${code})`}`,
      { ...options, hint: "The server's certificate has to be replaced; do not switch the check off" },
    );
  switch (code ?? "") {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return new KnownError(
        "TLS_UNTRUSTED",
        `Cannot trust ${server}: its certificate ${code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet"}`,
        {
          ...options,
          hint: "Check this machine's clock; if it is right, the server's certificate has to be renewed",
        },
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return new KnownError(
        "TLS_UNTRUSTED",
        `Cannot trust ${server}: its certificate is for another name: ${messageOf(error)}`,
        { ...options, hint: peer.nameHint ?? "Correct the server's name" },
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new KnownError("DNS_FAILED", `Cannot find the address of ${server}: ${code}`, options);
    case "ECONNREFUSED":
      return new KnownError("CONNECTION_REFUSED", `Cannot connect to ${server}: connection refused`, options);
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return new KnownError("CONNECTION_TIMEOUT", `Cannot connect to ${server}: ${code}`, options);
    case "ECONNRESET":
    case "EPIPE":
      return new KnownError("CONNECTION_LOST", `The connection to ${server} was lost: ${code}`, options);
    case "EPROTO":
      return new KnownError("TLS_FAILED", `Cannot speak TLS with ${server}`, {
        ...options,
        hint: "Check that the server's address is right: something else may answer there",
      });
    default:
      if (code?.startsWith("ERR_SSL") === true || code?.startsWith("ERR_TLS") === true)
        return new KnownError("TLS_FAILED", `Cannot speak TLS with ${server}: ${code}`, options);
      return new KnownError("CONNECTION_LOST", `Cannot talk to ${server}: ${messageOf(error)}`, options);
  }
};
