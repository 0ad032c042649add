import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { KnownError, systemCode } from "../base/errors.ts";
import { pairs, type RawHeaders } from "../base/headers.ts";
import { proxyAuthorization } from "../base/proxy-dial.ts";
import { systemRoots } from "../base/roots.ts";
import type { System } from "../base/system.ts";
import { userAgent } from "../base/version.ts";
import {
  checkCertificate,
  credentialHeaders,
  dateFault,
  sameCertificate,
  type ClientCertificate,
  type Credential,
} from "../credentials/index.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { authoritiesOf, type Authorities } from "./authorities.ts";
import { forwardingProxy, type Endpoint } from "./endpoint.ts";
import { networkFault } from "./network-fault.ts";
import { CONNECT_TIMEOUT, openPool, type Pool } from "./pool.ts";
import type { Upgraded } from "./types.ts";

/** One message to the API server, without what says who asks. */
export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly onSent?: () => void;
  /** A connection of its own: it will be taken over. */
  readonly own: boolean;
}

export type Answer = { readonly kind: "response"; readonly message: IncomingMessage } | Upgraded;

export interface Transport {
  /** Asks once. @throws {KnownError}; the signal's reason */
  send(ask: Ask, credential: () => Promise<Credential>): Promise<Answer>;
  /** A connection of its own, that nothing has been said on. @throws {KnownError}; the signal's reason */
  dial(credential: () => Promise<Credential>, signal: AbortSignal): Promise<Duplex>;
  /** Ends what is kept; a connection that was taken over is its owner's. */
  close(): void;
}

/** A connection that idled may be closed by the server just as it is used again; nothing is wrong then. */
const isStale = (sent: ClientRequest, error: unknown): boolean =>
  sent.reusedSocket && ["ECONNRESET", "EPIPE"].includes(systemCode(error) ?? "");

/** Connections to one endpoint; whenever certificate or authorities change there are others. */
export function openTransport(config: ClientConfig, endpoint: Endpoint, system: System): Transport {
  const { server } = endpoint;
  let found: Promise<Authorities> | undefined;
  const roots = async (): Promise<Authorities> => await (found ??= systemRoots(system));
  const authorities = authoritiesOf(config, system, roots);
  const taken = new Set<Duplex>();
  let closed = false;
  let current:
    | { readonly pool: Pool; readonly of: ClientCertificate | undefined; readonly trusted: Authorities }
    | undefined;

  /** Not async: first requests that come together share one pool. */
  const poolFor = (credential: Credential, trusted: Authorities): Pool => {
    const { certificate } = credential;
    const same = current !== undefined && sameCertificate(current.of, certificate);
    if (current !== undefined && same && current.trusted === trusted) return current.pool;
    const pool = openPool({
      endpoint,
      authorities: trusted,
      certificate: certificate === undefined || !endpoint.secure ? undefined : checkCertificate(certificate),
      roots,
      taken,
    });
    // Connections of another certificate speak for another identity; those of other authorities only end.
    if (same) current?.pool.retire();
    else current?.pool.close();
    current = { pool, of: certificate, trusted };
    return pool;
  };

  const faultOf = (error: unknown, pool: Pool): Error => {
    const fault = networkFault(error, server, endpoint.trust);
    // Some servers end the connection when they do not like a certificate, some say so in an alert.
    const broken = fault.code === "CONNECTION_LOST" || fault.code === "TLS_FAILED";
    const shown = broken ? pool.certificate : undefined;
    return (shown === undefined ? undefined : dateFault(shown, system.now())) ?? fault;
  };

  const exchange = async (ask: Ask, credential: Credential, pool: Pool): Promise<Answer> =>
    await new Promise<Answer>((resolve, reject) => {
      const forwarding = ask.own ? undefined : forwardingProxy(endpoint);
      const headers: RawHeaders = [
        ["Host", endpoint.authority],
        ["User-Agent", userAgent(system)],
        ...credentialHeaders(credential),
        ...(forwarding === undefined ? [] : proxyAuthorization(forwarding)),
        ...ask.headers,
      ];
      const sent = httpRequest({
        host: endpoint.host,
        port: endpoint.port,
        method: ask.method,
        path: `${forwarding === undefined ? "" : `http://${endpoint.authority}`}${endpoint.prefix}${ask.path}`,
        headers: headers.flat(),
        agent: ask.own ? pool.own(ask.signal) : pool.shared,
        signal: ask.signal,
      });
      const connecting = setTimeout(
        () => sent.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })),
        CONNECT_TIMEOUT,
      );
      sent.once("socket", () => clearTimeout(connecting));
      if (ask.onSent !== undefined) sent.once("finish", ask.onSent);
      let answered = false;
      sent.once("response", (message) => {
        answered = true;
        resolve({ kind: "response", message });
      });
      sent.once("upgrade", (message: IncomingMessage, socket, head) =>
        resolve({ kind: "upgraded", headers: pairs(message.rawHeaders), socket, head }),
      );
      sent.on("error", (error) => {
        if (ask.signal.aborted) reject(ask.signal.reason as Error);
        else if (!answered && ask.method === "GET" && isStale(sent, error))
          resolve(exchange({ ...ask, own: true }, credential, pool));
        else reject(faultOf(error, pool));
      });
      sent.once("close", () => clearTimeout(connecting));
      // As bytes: Node writes text together with the head, and spoils what is not ASCII there.
      sent.end(ask.body === undefined ? undefined : Buffer.from(ask.body, "utf8"));
    });

  const poolOf = async (
    getCredential: () => Promise<Credential>,
    signal: AbortSignal,
  ): Promise<{ readonly credential: Credential; readonly pool: Pool }> => {
    const trusted = endpoint.secure ? await authorities() : undefined;
    // After the authorities, so that of two requests the later credential comes to the pool later.
    const credential = await getCredential();
    signal.throwIfAborted();
    if (closed) throw new KnownError("CONNECTION_LOST", `The connection to ${server} was closed here`);
    return { credential, pool: poolFor(credential, trusted) };
  };

  return {
    send: async (ask, getCredential) => {
      const { credential, pool } = await poolOf(getCredential, ask.signal);
      return await exchange(ask, credential, pool);
    },
    dial: async (getCredential, signal) => {
      const { pool } = await poolOf(getCredential, signal);
      try {
        return await pool.dial(signal);
      } catch (error) {
        signal.throwIfAborted();
        throw faultOf(error, pool);
      }
    },
    close: () => {
      closed = true;
      current?.pool.release();
      current = undefined;
    },
  };
}
