import type { IncomingMessage } from "node:http";
import { KnownError } from "../base/errors.ts";
import { formatGoDuration } from "../base/go-duration.ts";
import { pairs, type RawHeaders } from "../base/headers.ts";
import { proxyName } from "../base/proxy-rule.ts";
import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";
import {
  checkCertificate,
  credentialHeaders,
  dateFault,
  type Credential,
  type CredentialSource,
} from "../credentials/index.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { parseBody, readBody, readLines } from "./body.ts";
import { countdown, type Countdown } from "./countdown.ts";
import { endpointOf } from "./endpoint.ts";
import { impersonationHeaders } from "./impersonate.ts";
import { CONNECT_TIMEOUT } from "./pool.ts";
import { RETRIES, retryAfter, retryBroken, withPrevious } from "./retry.ts";
import { statusError } from "./status.ts";
import { openTransport, type Answer, type Ask } from "./transport.ts";
import type {
  ApiRequest,
  ApiResponse,
  ConnectionOptions,
  ServerConnection,
  Upgraded,
  UpgradeRefused,
  UpgradeRequest,
} from "./types.ts";
import { warningPrinter } from "./warnings.ts";

const ANSWER_TIMEOUT = millis(30_000);

/** One cluster as one identity (types.ts). @throws {KnownError} PROXY_URL_INVALID, CLIENT_CONFIG_INVALID */
export function connect(
  config: ClientConfig,
  source: CredentialSource,
  system: System,
  options: ConnectionOptions = {},
): ServerConnection {
  const endpoint = endpointOf(config, system);
  const { server } = endpoint;
  const requestTimeout = options.requestTimeout ?? config.requestTimeout;
  const impersonate = impersonationHeaders(config.impersonate);
  const transport = openTransport(config, endpoint, system);
  const printWarnings = warningPrinter(system.log);
  const closed = new AbortController();
  if (endpoint.secure && !endpoint.verify)
    system.log.warn(`The certificate of ${server} is not verified (insecure-skip-tls-verify)`);

  /**
   * A 401 makes one forced renewal, and is the answer all the same: the next request has the new credential, as with
   * client-go (credentials.md §2.3; spec README, "API calls do as client-go"). Whoever serves pages asks once more.
   */
  const ask = async (wanted: Ask, time?: Countdown): Promise<Answer> => {
    const { signal } = wanted;
    const untimed = async <T>(work: () => Promise<T>): Promise<T> =>
      await (time === undefined ? work() : time.without(work));
    let used: Credential | undefined;
    const answer = await transport.send(
      wanted,
      async () => (used = await untimed(async () => await source.get({ signal }))),
    );
    if (answer.kind === "upgraded" || answer.message.statusCode !== 401 || used === undefined) return answer;
    const refused = used;
    const renewed = await untimed(async () => await source.renew(refused, { signal }));
    if (renewed === undefined) {
      const fault = certificateFault(refused, system);
      if (fault === undefined) return answer;
      discard(answer.message);
      throw fault;
    }
    if (options.replayUnauthorized !== true) return answer;
    discard(answer.message);
    return await transport.send(wanted, () => Promise.resolve(renewed));
  };

  /** Asks until there is an answer to keep (credentials.md §4.8), as long as there is time. */
  const persist = async (wanted: Ask, time: Countdown, sendAgain: boolean): Promise<Answer> => {
    let previous: KnownError | undefined;
    for (let attempt = 0; ; attempt++) {
      const mayWait = (pause: Millis | undefined): pause is Millis =>
        pause !== undefined && pause < time.left && attempt < RETRIES;
      let pause: Millis | undefined;
      try {
        const answer = await ask(wanted, time);
        if (answer.kind === "upgraded") return answer;
        pause = retryAfter(answer.message.statusCode ?? 0, pairs(answer.message.rawHeaders));
        if (!mayWait(pause)) return answer;
        discard(answer.message);
        previous = undefined;
      } catch (error) {
        if (wanted.signal.aborted) throw withPrevious(wanted.signal.reason, previous);
        pause = sendAgain ? retryBroken(error) : undefined;
        if (!mayWait(pause)) throw withPrevious(error, previous);
        previous = error instanceof KnownError ? error : undefined;
      }
      await system.sleep(pause, AbortSignal.any([wanted.signal, closed.signal])).catch(() => undefined);
      if (wanted.signal.aborted) throw withPrevious(wanted.signal.reason, previous);
    }
  };

  const query = (request: ApiRequest): string => {
    const fields = new URLSearchParams(request.query);
    if (requestTimeout !== undefined) fields.set("timeout", formatGoDuration(requestTimeout));
    const text = fields.toString();
    return text === "" ? "" : `?${text}`;
  };

  const plain = (request: ApiRequest, signal: AbortSignal): Ask => {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const described: RawHeaders =
      body === undefined
        ? []
        : [
            ["Content-Type", "application/json"],
            ["Content-Length", String(Buffer.byteLength(body))],
          ];
    return {
      method: request.method,
      path: `${request.path}${query(request)}`,
      headers: [...impersonate, ["Accept", "application/json"], ...described],
      ...(body === undefined ? {} : { body }),
      signal,
      own: false,
    };
  };

  const noAnswer = (): KnownError =>
    new KnownError("CONNECTION_TIMEOUT", `Cannot get an answer of ${server}: none came in time`);

  const message = (answer: Answer): IncomingMessage => {
    if (answer.kind === "upgraded") {
      answer.socket.destroy();
      throw new KnownError("API_FAILED", `The API server ${server} switched protocols unasked`);
    }
    printWarnings(pairs(answer.message.rawHeaders));
    return answer.message;
  };

  const timeFor = (request: ApiRequest): Millis => request.timeout ?? requestTimeout ?? ANSWER_TIMEOUT;

  return {
    server,
    authority: endpoint.authority,
    prefix: endpoint.prefix,
    proxy: endpoint.proxy === undefined ? undefined : proxyName(endpoint.proxy),
    headers: (credential) => [...credentialHeaders(credential), ...impersonate],
    dial: async (credential, signal) => await transport.dial(credential, signal),
    request: async (request): Promise<ApiResponse> => {
      using stop = linked(request.signal);
      using time = countdown(timeFor(request), system, () => stop.abort(noAnswer()));
      const answered = message(await persist(plain(request, stop.signal), time, request.method === "GET"));
      const text = await readBody(answered, server, stop.signal, request.limit);
      return {
        status: answered.statusCode ?? 0,
        headers: pairs(answered.rawHeaders),
        body: parseBody(text),
      };
    },
    stream: async function* (request): AsyncGenerator {
      using stop = linked(request.signal);
      // A server that took the request and says nothing would be waited for without end.
      using time = countdown(timeFor(request), system, () => stop.abort(noAnswer()));
      try {
        let answer: Answer;
        try {
          answer = await persist(plain(request, stop.signal), time, true);
        } catch (error) {
          // A connection that broke again and again is a watch without events (credentials.md §4.8).
          if (!stop.signal.aborted && retryBroken(error) !== undefined && !closed.signal.aborted) return;
          throw error;
        }
        const answered = message(answer);
        const status = answered.statusCode ?? 0;
        if (status < 200 || status > 299)
          throw statusError(status, parseBody(await readBody(answered, server, stop.signal)), {
            verb: "watch",
            resource: request.path,
            name: undefined,
            namespace: undefined,
          });
        time[Symbol.dispose]();
        yield* readLines(answered, server, stop.signal);
      } finally {
        stop.abort();
      }
    },
    upgrade: async (request: UpgradeRequest): Promise<Upgraded | UpgradeRefused> => {
      using stop = linked(request.signal);
      using time = countdown(CONNECT_TIMEOUT, system, () =>
        stop.abort(
          new KnownError(
            "CONNECTION_TIMEOUT",
            `Cannot upgrade a connection to ${server}: no answer came in time`,
          ),
        ),
      );
      const answer = await ask(
        {
          method: request.method,
          path: request.path,
          headers: [["Connection", "Upgrade"], ...impersonate, ...request.headers],
          signal: stop.signal,
          own: true,
          ...(request.onSent === undefined ? {} : { onSent: request.onSent }),
        },
        time,
      );
      if (answer.kind === "upgraded") return answer;
      const body = await readBody(answer.message, server, stop.signal);
      const status = answer.message.statusCode ?? 0;
      return { kind: "refused", status, headers: pairs(answer.message.rawHeaders), body };
    },
    [Symbol.asyncDispose]: () => {
      closed.abort();
      transport.close();
      return Promise.resolve();
    },
  };
}

interface Linked extends Disposable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/** Not AbortSignal.any: what somebody aborts late would be a tunnel that is not ours any more. */
const linked = (outer: AbortSignal | undefined): Linked => {
  const inner = new AbortController();
  const aborted = (): void => inner.abort(outer?.reason);
  outer?.addEventListener("abort", aborted, { once: true });
  if (outer?.aborted === true) aborted();
  return {
    signal: inner.signal,
    abort: (reason) => inner.abort(reason),
    [Symbol.dispose]: () => outer?.removeEventListener("abort", aborted),
  };
};

/** A small rest is read, so that the connection can be used again. */
const SMALL = 2_048;

const discard = (message: IncomingMessage): void => {
  message.on("error", () => undefined);
  if (Number(message.headers["content-length"] ?? Number.NaN) <= SMALL) message.resume();
  else message.destroy();
};

/** Why a certificate alone, which nobody renews, got a 401. */
const certificateFault = (refused: Credential, system: System): KnownError | undefined =>
  refused.certificate === undefined || refused.header !== undefined
    ? undefined
    : dateFault(checkCertificate(refused.certificate), system.now());
