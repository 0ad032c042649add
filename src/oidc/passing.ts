import { isKnownError, type ErrorCode } from "../base/errors.ts";

const PASSING: readonly ErrorCode[] = [
  "CONNECTION_TIMEOUT",
  "CONNECTION_LOST",
  "CONNECTION_REFUSED",
  "DNS_FAILED",
  "PROXY_UNREACHABLE",
  "OIDC_PROVIDER_BUSY",
];

/** Whether a status says that the server has trouble, and nothing of what it was asked (RFC 9110 §15.6, RFC 6585 §4). */
export const isBusy = (status: number): boolean => status >= 500 || status === 429;

/** Whether the same may go well later: the provider judged nothing, so a refresh token is as good as before. */
export const isPassing = (error: unknown): boolean => PASSING.some((code) => isKnownError(error, code));
