import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { untilOpen, type OpenLimits } from "./opening.ts";
import type { Secret } from "./secret.ts";

/** Whose certificates count, and what is shown in return. */
export interface TlsIdentity {
  /** PEM, one certificate each; only these count. Undefined: what the runtime trusts. Empty: nothing is trusted. */
  readonly ca: readonly string[] | undefined;
  /** PEM; shown if the server asks. */
  readonly certificate?: { readonly cert: string; readonly key: Secret } | undefined;
}

export interface TlsWishes extends TlsIdentity {
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** Looked for in the certificate, and sent where it is a name and not an address. Default: the host. */
  readonly serverName?: string | undefined;
  /** Of the same identity, made before: reading a hundred authorities takes a while. */
  readonly context?: SecureContext;
  /** What the server gave to take an earlier connection of the same identity up, which saves both the signatures. */
  readonly memory?: TlsMemory;
}

/** Of connections to one server as one identity; nobody else's may go on with them (RFC 8446 §2.2). */
export interface TlsMemory {
  session?: Buffer | undefined;
}

/** Where TLS begins: on an address, or inside a connection that leads there already. */
export type TlsUnder =
  | { readonly host: string; readonly port: number }
  | { readonly host: string; readonly stream: Duplex };

/** TLS 1.2 or newer (credentials.md §4.2). @throws OpenSSL's errors about certificate and key */
export const secureContext = ({ ca, certificate }: TlsIdentity): SecureContext =>
  createSecureContext({
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key.reveal() }),
    minVersion: "TLSv1.2",
  });

/** PEM, one certificate each: whom the runtime trusts by itself. */
export const runtimeRoots = (): readonly string[] => rootCertificates;

const broken = (code: string, text: string): Error => Object.assign(new Error(text), { code });

/** client-go's (credentials.md §4.7). */
const KEEP_ALIVE = 30_000;

/**
 * HTTP/1.1 over TLS: every TLS connection that leaves this machine is made here, but for those into a pod.
 * @throws Node's own errors, for `networkFault`; the signal's reason
 */
export const startTls = async (
  under: TlsUnder,
  wishes: TlsWishes,
  limits: OpenLimits,
): Promise<TLSSocket> => {
  const inside = "stream" in under ? under.stream : undefined;
  try {
    const socket = begin(under, wishes);
    const { memory } = wishes;
    if (memory !== undefined) socket.on("session", (session) => (memory.session = session));
    if (inside !== undefined) {
      // Errors of the inner stream reach whoever holds the outer one.
      inside.on("error", (error) => socket.destroy(error));
      inside.once("close", () => socket.destroy());
    }
    await untilOpen(socket, "secureConnect", limits);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    return socket;
  } catch (error) {
    inside?.destroy();
    throw error;
  }
};

const begin = (under: TlsUnder, wishes: TlsWishes): TLSSocket => {
  const { ca, verify } = wishes;
  const name = wishes.serverName ?? under.host;
  // Not every runtime takes an empty list for an empty list.
  if (verify && ca?.length === 0) throw broken("CERT_UNTRUSTED", "no authority is trusted");
  if ("stream" in under && (under.stream.destroyed || under.stream.readableEnded))
    throw broken("ECONNRESET", "the connection was closed");
  return connect({
    ...("stream" in under ? { socket: under.stream } : { port: under.port }),
    host: under.host,
    // An address is never sent as a name, but the certificate may have to be for it.
    ...(isIP(name) === 0
      ? { servername: name }
      : { checkServerIdentity: (_host, shown) => checkServerIdentity(name, shown) }),
    rejectUnauthorized: verify,
    secureContext: wishes.context ?? secureContext(wishes),
    ALPNProtocols: ["http/1.1"],
    ...(wishes.memory?.session === undefined ? {} : { session: wishes.memory.session }),
  });
};
