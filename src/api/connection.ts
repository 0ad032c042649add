import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from "node:https";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import { pairs, type RawHeaders } from "../base/headers.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import {
  credentialHeaders,
  sameCertificate,
  type Credential,
  type CredentialSource,
} from "../credentials/index.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { VERSION } from "../base/version.ts";
import { parseBody, readBody, readLines } from "./body.ts";
import { networkFault } from "./network-fault.ts";
import { refuseProxy } from "./proxy-rule.ts";
import { statusError } from "./status.ts";
import { clusterCa } from "./tls.ts";
import type {
  ApiRequest,
  ApiResponse,
  Connection,
  Upgraded,
  UpgradeRefused,
  UpgradeRequest,
} from "./types.ts";

/** client-go's limits (credentials.md §4.7): 30 s to connect, 10 s of them for TLS; we use one for both. */
const CONNECT_TIMEOUT = millis(30_000);
const ANSWER_TIMEOUT = millis(30_000);
const IDLE_SOCKETS = 25;

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly onSent?: () => void;
  /** A socket of its own: it will be taken over. */
  readonly own: boolean;
}

type Answer = { readonly kind: "response"; readonly message: IncomingMessage } | Upgraded;

/** A connection that idled may be closed by the server just as it is used again; nothing is wrong then. */
const isStale = (sent: ClientRequest, error: unknown): boolean =>
  sent.reusedSocket && ["ECONNRESET", "EPIPE"].includes(systemCode(error) ?? "");

/** OpenSSL's reasons quote nothing of the key. @throws {KnownError} CLIENT_CONFIG_INVALID */
const checkPair = (options: AgentOptions): void => {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `Cannot use the client certificate: ${systemCode(error) ?? messageOf(error)}`,
      { cause: error },
    );
  }
};

/** One cluster as one identity (types.ts). Certificate, CA and names are settled here and nowhere else. */
export function connect(config: ClientConfig, source: CredentialSource, system: System): Connection {
  const { server: url, cluster } = config;
  refuseProxy(config, system);
  const secure = url.protocol === "https:";
  const prefix = url.pathname.replace(/\/+$/, "");
  const server = `${url.protocol}//${url.host}${prefix}`;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const serverName = cluster.tlsServerName ?? (isIP(host) === 0 ? host : undefined);
  if (secure && cluster.insecureSkipTlsVerify)
    system.log.warn(`The certificate of ${server} is not verified (insecure-skip-tls-verify)`);
  let ca: Promise<string | undefined> | undefined;
  let pool:
    | { readonly agent: HttpAgent; readonly credential: Credential; readonly tls: AgentOptions }
    | undefined;

  const poolFor = async (credential: Credential): Promise<NonNullable<typeof pool>> => {
    ca ??= clusterCa(cluster, system);
    const authority = await ca;
    // Nothing is awaited from here on, so that first requests that come together share one pool.
    if (pool !== undefined && sameCertificate(pool.credential.certificate, credential.certificate))
      return pool;
    const tls: AgentOptions = {
      ...(authority === undefined ? {} : { ca: authority }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(cluster.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      ...(credential.certificate === undefined
        ? {}
        : { cert: credential.certificate.cert, key: credential.certificate.key.reveal() }),
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
    };
    if (secure) checkPair(tls);
    const options = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS, scheduling: "lifo" as const };
    // Connections of another certificate speak for another identity (credentials.md §2.3).
    pool?.agent.destroy();
    pool = {
      agent: secure ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options),
      credential,
      tls,
    };
    return pool;
  };

  const send = async (ask: Ask, credential: Credential): Promise<Answer> => {
    const { agent, tls } = await poolFor(credential);
    const headers = [
      ["Host", url.host],
      ["User-Agent", `kauth/${VERSION} (${system.platform})`],
      ...credentialHeaders(credential),
      ...ask.headers,
    ].flat();
    const options = {
      host,
      port: url.port === "" ? (secure ? 443 : 80) : url.port,
      method: ask.method,
      path: `${prefix}${ask.path}`,
      headers,
      agent: ask.own ? (false as const) : agent,
      signal: ask.signal,
      ...(ask.own ? tls : {}),
    };
    return await new Promise<Answer>((resolve, reject) => {
      const sent: ClientRequest = secure ? httpsRequest(options) : httpRequest(options);
      const connecting = setTimeout(
        () => sent.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })),
        CONNECT_TIMEOUT,
      );
      sent.once("socket", (socket) => {
        socket.setNoDelay(true);
        if (ask.own) socket.setKeepAlive(true, 30_000);
        const connected = (): void => clearTimeout(connecting);
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", connected);
        else connected();
      });
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
          resolve(send({ ...ask, own: true }, credential));
        else reject(networkFault(error, server));
      });
      sent.once("close", () => clearTimeout(connecting));
      sent.end(ask.body);
    });
  };

  /** A 401 renews the credential once and asks once more. */
  const ask = async (wanted: Ask): Promise<Answer> => {
    const credential = await source.get({ signal: wanted.signal });
    const answer = await send(wanted, credential);
    if (answer.kind === "upgraded" || answer.message.statusCode !== 401) return answer;
    const renewed = await source.renew(credential, { signal: wanted.signal });
    if (renewed === undefined) return answer;
    answer.message.destroy();
    return await send(wanted, renewed);
  };

  const plain = (request: ApiRequest, signal: AbortSignal): Ask => {
    const query = new URLSearchParams(request.query).toString();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return {
      method: request.method,
      path: query === "" ? request.path : `${request.path}?${query}`,
      headers: [
        ["Accept", "application/json"],
        ...(body === undefined
          ? []
          : ([
              ["Content-Type", "application/json"],
              ["Content-Length", String(Buffer.byteLength(body))],
            ] as const)),
      ],
      ...(body === undefined ? {} : { body }),
      signal,
      own: false,
    };
  };

  const noAnswer = (cause?: unknown): KnownError =>
    new KnownError("CONNECTION_TIMEOUT", `Cannot get an answer of ${server}: none came in time`, { cause });

  const message = (answer: Answer): IncomingMessage => {
    if (answer.kind === "response") return answer.message;
    answer.socket.destroy();
    throw new KnownError("API_FAILED", `The API server ${server} switched protocols unasked`);
  };

  return {
    server,
    request: async (request): Promise<ApiResponse> => {
      const timeout = AbortSignal.timeout(request.timeout ?? ANSWER_TIMEOUT);
      const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
      try {
        const answered = message(await ask(plain(request, signal)));
        const text = await readBody(answered, server, signal);
        return {
          status: answered.statusCode ?? 0,
          headers: pairs(answered.rawHeaders),
          body: parseBody(text),
        };
      } catch (error) {
        if (timeout.aborted && request.signal?.aborted !== true) throw noAnswer(error);
        throw error;
      }
    },
    stream: async function* (request): AsyncGenerator {
      const stop = new AbortController();
      const signal =
        request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
      // A server that took the request and says nothing would be waited for without end.
      const late = setTimeout(() => stop.abort(noAnswer()), request.timeout ?? ANSWER_TIMEOUT);
      try {
        const answered = message(await ask(plain(request, signal)));
        const status = answered.statusCode ?? 0;
        if (status < 200 || status > 299)
          throw statusError(status, parseBody(await readBody(answered, server, signal)), {
            verb: "watch",
            resource: request.path,
            name: undefined,
            namespace: undefined,
          });
        clearTimeout(late);
        yield* readLines(answered, server, signal);
      } finally {
        clearTimeout(late);
        stop.abort();
      }
    },
    upgrade: async (request: UpgradeRequest): Promise<Upgraded | UpgradeRefused> => {
      // Not AbortSignal.timeout: what it aborts late would be the tunnel itself.
      const stop = new AbortController();
      const late = setTimeout(
        () =>
          stop.abort(
            new KnownError(
              "CONNECTION_TIMEOUT",
              `Cannot upgrade a connection to ${server}: no answer came in time`,
            ),
          ),
        CONNECT_TIMEOUT,
      );
      const aborted = (): void => stop.abort(request.signal?.reason);
      request.signal?.addEventListener("abort", aborted, { once: true });
      if (request.signal?.aborted === true) aborted();
      try {
        const answer = await ask({
          method: request.method,
          path: request.path,
          headers: [["Connection", "Upgrade"], ...request.headers],
          signal: stop.signal,
          own: true,
          ...(request.onSent === undefined ? {} : { onSent: request.onSent }),
        });
        if (answer.kind === "upgraded") return answer;
        const body = await readBody(answer.message, server, stop.signal);
        const status = answer.message.statusCode ?? 0;
        return { kind: "refused", status, headers: pairs(answer.message.rawHeaders), body };
      } finally {
        clearTimeout(late);
        request.signal?.removeEventListener("abort", aborted);
      }
    },
    [Symbol.asyncDispose]: () => {
      pool?.agent.destroy();
      pool = undefined;
      return Promise.resolve();
    },
  };
}
