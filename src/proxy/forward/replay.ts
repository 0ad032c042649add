import type { IncomingMessage } from "node:http";
import { isKnownError, type ErrorCode, type KnownError } from "../../base/errors.ts";
import { millis, type Millis } from "../../base/units.ts";
import type { AnsweredHead, SiteHooks } from "../types.ts";
import type { BodyFraming } from "./request-head.ts";
import { askedOf, CrowdedError } from "./waiting.ts";

/** Tries of a request whose UI cuts connections itself, and within how many milliseconds (security.md F5). */
const TRIES = 3;
const WITHIN = 3_000;
const PAUSE = 250;
/** Nobody listens: a container starts again, and Kubernetes has not seen it yet. Milliseconds before each further try. */
const REFUSED = [250, 750, 2_000];
/** While the way to the UI is lost again and again. */
const PAUSE_MOST = 5_000;

/** The UI itself refused or cut the connection: it may be starting, and soon it is an answer like any other. */
const BY_UI: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "PORT_REFUSED",
  "PORT_RESET",
  "PORT_FAILED",
  "UPSTREAM_CUT",
]);
/** The way to it was lost: the next one leads to another pod, or to the same one later. */
const ON_THE_WAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "POD_GONE",
  "TUNNEL_LOST",
  "TUNNEL_SILENT",
  "TUNNEL_PROTOCOL",
  "TUNNEL_PAIRING",
]);

const READS: ReadonlySet<string | undefined> = new Set(["GET", "HEAD", "OPTIONS"]);

/** By its method: it changes nothing (RFC 9110 section 9.2.1, without TRACE). */
export const isRead = ({ method }: { readonly method?: string | undefined }): boolean => READS.has(method);

/** Whether a request changes nothing: it has no body and a method that says so, or the UI is known for it. */
export const mayRepeat = (
  request: IncomingMessage,
  framing: BodyFraming,
  hooks: SiteHooks | undefined,
): boolean => {
  if (framing === "none" && isRead(request)) return true;
  return hooks?.repeatable?.(askedOf(request, false)) ?? false;
};

/** What an answer says of the credential: that it was refused or not, perhaps, or in its body. */
export type Verdict = ReturnType<NonNullable<SiteHooks["refused"]>>;

/** Without a literal 401 nobody says that nothing was done: what must not be repeated asks nothing (security.md R-N3). */
export const verdictOf = (
  request: IncomingMessage,
  head: AnsweredHead,
  hooks: SiteHooks | undefined,
  repeatable: boolean,
): Verdict => {
  if (!repeatable && head.status !== 401) return "no";
  return hooks?.refused?.(askedOf(request, false), head) ?? (head.status === 401 ? "yes" : "no");
};

/** A dial repeats what it can itself, but for this one, which may show while TLS starts. */
export const isRefusal = (error: unknown): boolean => isKnownError(error) && error.code === "PORT_REFUSED";

/** That its time was over says less than that nobody listened all the while. To make way is something else. */
export const toldOf = (error: unknown, refusals: readonly KnownError[]): unknown =>
  isKnownError(error, "UPSTREAM_LATE") && !(error instanceof CrowdedError)
    ? (refusals.at(-1) ?? error)
    : error;

export interface Failure {
  readonly error: unknown;
  /** The stream had carried a request before. */
  readonly used: boolean;
  /** Streams tried so far. */
  readonly tries: number;
  /** How many of them found nobody who listens. */
  readonly refusals: number;
  /** Milliseconds since the request came, and how many it may wait. */
  readonly elapsed: number;
  readonly limit: number;
}

/**
 * How long to wait before a read that got no byte of an answer is sent on a fresh stream; undefined: it is not
 * (security.md R-N3, F1, F5, F6).
 */
export const replayAfter = ({
  error,
  used,
  tries,
  refusals,
  elapsed,
  limit,
}: Failure): Millis | undefined => {
  if (elapsed >= limit) return undefined;
  // A used stream that ended before any byte says only that it was old.
  if (used) return millis(0);
  const pause = tries <= 1 ? 0 : Math.min(PAUSE_MOST, PAUSE * 2 ** (tries - 2));
  if (isKnownError(error) && ON_THE_WAY.has(error.code)) return millis(pause);
  if (isRefusal(error)) {
    // However long it was held before: what it waited for may be there, and not listen yet.
    const next = REFUSED[refusals - 1];
    return next === undefined ? undefined : millis(next);
  }
  if (isKnownError(error) && !BY_UI.has(error.code)) return undefined;
  return tries < TRIES && elapsed < WITHIN ? millis(Math.min(pause, PAUSE)) : undefined;
};
