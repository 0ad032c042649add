import type { Connection, UpgradeRefused, UpgradeRequest } from "../api/index.ts";
import { object, optional, string } from "../base/decode.ts";
import { KnownError, messageOf, type ErrorCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { seconds, toMillis } from "../base/units.ts";
import { missingRight, quote, saysPodGone, shorten } from "./errors.ts";
import { spdyFault, spdyHeaders } from "./spdy/handshake.ts";
import { Session } from "./spdy/session.ts";
import type { Carrier } from "./types.ts";
import { websocketFault, websocketHeaders } from "./websocket/handshake.ts";

/** From the start to the first echo. An API server under load, or one that waits for a node, takes seconds. */
const ANSWER_WITHIN = toMillis(seconds(15));

export interface PodAddress {
  readonly namespace: string;
  readonly name: string;
}

export interface AttemptOptions {
  readonly connection: Connection;
  readonly pod: PodAddress;
  readonly system: System;
  readonly onTick: () => void;
}

/** How far an attempt came, for whoever decides about the other carrier. */
export interface Progress {
  readonly signal: AbortSignal;
  /** The request's bytes were written. */
  onSent(): void;
  /** 101; only the echo is missing. */
  onUpgraded(): void;
}

export type Attempt =
  | { readonly kind: "open"; readonly carrier: Carrier; readonly session: Session }
  | {
      readonly kind: "failed";
      readonly carrier: Carrier;
      readonly error: KnownError;
      /** Whether the other carrier may fare better. */
      readonly other: boolean;
    };

const NAMES: Readonly<Record<Carrier, string>> = { spdy: "SPDY", websocket: "WebSocket" };

const requestOf = (
  options: AttemptOptions,
  carrier: Carrier,
): { readonly request: Omit<UpgradeRequest, "signal" | "onSent">; readonly fault: typeof spdyFault } => {
  const { namespace, name } = options.pod;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/portforward`;
  if (carrier === "spdy")
    return { request: { method: "POST", path, headers: spdyHeaders() }, fault: spdyFault };
  const key = options.system.random(16).toString("base64");
  return {
    request: { method: "GET", path, headers: websocketHeaders(key) },
    fault: (headers) => websocketFault(headers, key),
  };
};

/**
 * One tunnel over one carrier, proven by the echo of a SPDY PING: a middle box can say 101 and pass nothing.
 * Never rejects.
 */
export async function attempt(
  options: AttemptOptions,
  carrier: Carrier,
  progress: Progress,
): Promise<Attempt> {
  const { connection, system } = options;
  const { request, fault } = requestOf(options, carrier);
  const failed = (error: KnownError, other: boolean): Attempt => ({ kind: "failed", carrier, error, other });
  const limit = new AbortController();
  const signal = AbortSignal.any([progress.signal, limit.signal]);
  let sent = false;
  let session: Session | undefined;
  // The clock ends with the attempt; its own rejection then is no news.
  const clock = new AbortController();
  const late = system.sleep(ANSWER_WITHIN, clock.signal).then(
    () => limit.abort(silent(carrier)),
    () => undefined,
  );
  try {
    const answer = await connection.upgrade({
      ...request,
      signal,
      onSent: () => {
        sent = true;
        progress.onSent();
      },
    });
    if (answer.kind === "refused") return failed(refusal(answer, carrier, options.pod), mayFallBack(answer));
    const wrong = fault(answer.headers);
    if (wrong !== undefined || signal.aborted) {
      answer.socket.on("error", () => undefined);
      answer.socket.destroy();
      return failed(
        new KnownError(
          "TUNNEL_REFUSED",
          `The answer to the ${NAMES[carrier]} port-forward is wrong: ${wrong ?? "too late"}`,
        ),
        true,
      );
    }
    session = new Session({ ...answer, carrier, system, onTick: options.onTick });
    progress.onUpgraded();
    const lost = await Promise.race([session.ping(), session.closed, aborted(signal)]);
    if (lost === undefined) return { kind: "open", carrier, session };
    session.destroy(lost);
    return failed(lost, true);
  } catch (error) {
    if (limit.signal.aborted) return failed(silent(carrier), true);
    if (error instanceof KnownError) return failed(error, sent);
    // The caller's own abort; nobody reads this.
    if (signal.aborted) return failed(new KnownError("TUNNEL_LOST", "The port-forward was given up"), false);
    return failed(
      new KnownError("TUNNEL_REFUSED", `Cannot open a ${NAMES[carrier]} port-forward: ${messageOf(error)}`, {
        cause: error,
      }),
      sent,
    );
  } finally {
    clock.abort();
    await late;
  }
}

const silent = (carrier: Carrier): KnownError =>
  new KnownError(
    "TUNNEL_SILENT",
    `The API server did not answer the ${NAMES[carrier]} port-forward within ${ANSWER_WITHIN / 1000} s`,
  );

const aborted = (signal: AbortSignal): Promise<KnownError> =>
  new Promise((resolve) => {
    const given = (): void =>
      resolve(
        signal.reason instanceof KnownError
          ? signal.reason
          : new KnownError("TUNNEL_LOST", "The port-forward was given up"),
      );
    if (signal.aborted) given();
    else signal.addEventListener("abort", given, { once: true });
  });

/** 401 and 404 are about the person and the pod, not about the carrier. */
const mayFallBack = (answer: UpgradeRefused): boolean =>
  answer.status !== 401 && answer.status !== 404 && !saysPodGone(answer.body);

function refusal(answer: UpgradeRefused, carrier: Carrier, pod: PodAddress): KnownError {
  const reason = reasonOf(answer.body);
  const place = `pod ${JSON.stringify(pod.name)} in ${JSON.stringify(pod.namespace)}`;
  if (answer.status === 404 || saysPodGone(answer.body)) {
    return new KnownError("POD_GONE", `Cannot forward to ${place}: it is gone: ${quote(reason)}`);
  }
  const verb = /cannot (\w+) resource "pods\/portforward"/.exec(reason)?.[1];
  if (answer.status === 403 && verb !== undefined)
    return missingRight(
      `Cannot forward to ${place}: you lack ${verb} on pods/portforward in ${JSON.stringify(pod.namespace)}`,
      [`${NAMES[carrier]}: ${shorten(reason)}`],
    );
  const codes: Readonly<Record<number, ErrorCode>> = { 401: "TUNNEL_UNAUTHORIZED", 403: "TUNNEL_FORBIDDEN" };
  return new KnownError(
    codes[answer.status] ?? "TUNNEL_REFUSED",
    `The ${NAMES[carrier]} port-forward to ${place} was refused with ${answer.status}: ${quote(reason)}`,
  );
}

const readStatus = object({ message: optional(string) });

/** The message of a `kind: Status`, or the text itself. */
function reasonOf(body: string): string {
  try {
    const message = readStatus(JSON.parse(body), "").message;
    if (message !== undefined && message !== "") return message;
  } catch {
    // Not JSON: the kubelet and gateways answer in plain text.
  }
  return body;
}
