import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { untilOpen, type OpenLimits } from "./opening.ts";
import type { Secret } from "./secret.ts";

/** Whose certificates count, and what is shown in return. */
export interface TlsWishes {
  /** PEM, one certificate each; only these count. Undefined: what the runtime trusts. Empty: nothing is trusted. */
  readonly ca: readonly string[] | undefined;
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** Looked for in the certificate, and sent where it is a name and not an address. Default: the host. */
  readonly serverName?: string | undefined;
  /** PEM; shown if the server asks. */
  readonly certificate?: { readonly cert: string; readonly key: Secret } | undefined;
}

/** Where TLS begins: on an address, or inside a connection that leads there already. */
export type TlsUnder =
  | { readonly host: string; readonly port: number }
  | { readonly host: string; readonly stream: Duplex };

/**
 * TLS 1.2 or newer, HTTP/1.1 only: every outgoing TLS connection but those into a pod is made here.
 * @throws Node's own errors, for `networkFault`
 */
export const startTls = async (
  under: TlsUnder,
  wishes: TlsWishes,
  limits: OpenLimits,
): Promise<TLSSocket> => {
  const { ca, verify, certificate } = wishes;
  const name = wishes.serverName ?? under.host;
  if (verify && ca?.length === 0) {
    // Not every runtime takes an empty list for an empty list.
    if ("stream" in under) under.stream.destroy();
    throw Object.assign(new Error("no authority is trusted"), { code: "CERT_UNTRUSTED" });
  }
  if ("stream" in under && (under.stream.destroyed || under.stream.readableEnded))
    throw Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
  const socket = connect({
    ...("stream" in under ? { socket: under.stream } : { port: under.port }),
    host: under.host,
    // An address is never sent as a name, but the certificate may have to be for it.
    ...(isIP(name) === 0
      ? { servername: name }
      : { checkServerIdentity: (_host, shown) => checkServerIdentity(name, shown) }),
    ...(ca === undefined ? {} : { ca: [...ca] }),
    rejectUnauthorized: verify,
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key.reveal() }),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
  });
  if ("stream" in under) {
    // Errors of the inner stream reach whoever holds the outer one.
    under.stream.on("error", (error) => socket.destroy(error));
    under.stream.once("close", () => socket.destroy());
  }
  return await untilOpen(socket, "secureConnect", limits);
};
