import { KnownError, systemCode } from "../base/errors.ts";
import { only, type RawHeaders } from "../base/headers.ts";
import { millis, seconds, toMillis, type Millis } from "../base/units.ts";

/** Eleven attempts in all (credentials.md §4.8). */
export const RETRIES = 10;

/** After a connection that broke. */
const BROKEN_PAUSE = millis(1_000);

/** How long to wait before an answer of this kind is asked for again; undefined: it is the answer. */
export const retryAfter = (status: number, headers: RawHeaders): Millis | undefined => {
  if (status !== 429 && status < 500) return undefined;
  const value = only(headers, "retry-after");
  // A date is no number of seconds, and client-go reads nothing else.
  return value !== undefined && /^\d{1,9}$/.test(value) ? toMillis(seconds(Number(value))) : undefined;
};

/** Node's names for a connection that was reset or ended before the head of an answer came. */
const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/** The same for a request that failed. Whether it may be sent again is for the caller to know. */
export const retryBroken = (error: unknown): Millis | undefined =>
  error instanceof KnownError && error.code === "CONNECTION_LOST" && BROKEN.has(systemCode(error.cause) ?? "")
    ? BROKEN_PAUSE
    : undefined;

/** What went wrong before may say more than what went wrong at last. */
export const withPrevious = (error: unknown, previous: KnownError | undefined): unknown =>
  error instanceof KnownError && previous !== undefined && previous.message !== error.message
    ? new KnownError(error.code, `${error.message} - error from a previous attempt: ${previous.message}`, {
        cause: error,
        hint: error.hint,
      })
    : error;
