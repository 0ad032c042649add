import { CODES, type ErrorCode } from "./codes.ts";

export type { ErrorCode };

/** What RBAC asks for, as we asked for it: no word of it is remote. */
export interface MissingRight {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string | undefined;
}

export interface KnownErrorOptions extends ErrorOptions {
  /** The right that was missing. */
  readonly right?: MissingRight | undefined;
  /** What to do next, one or more sentences. Default: the sentence of the code. */
  readonly hint?: string;
}

/**
 * A condition of the world that kauth knows, with a code from the registry, a message that says what failed and
 * quotes the value, and the next step. It is turned into text in one place, `cli/`.
 *
 * Programmer errors are `TypeError` and `RangeError` and are not caught.
 */
export class KnownError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly right: MissingRight | undefined;

  constructor(code: ErrorCode, message: string, options: KnownErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KnownError";
    this.code = code;
    this.right = options.right;
    this.hint = options.hint ?? CODES[code].next;
  }

  get exit(): 1 | 2 {
    return CODES[this.code].exit;
  }
}

export const isKnownError = (error: unknown, code?: ErrorCode): error is KnownError =>
  error instanceof KnownError && (code === undefined || error.code === code);

/** The message of anything that was thrown, without its stack. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : typeof error === "string" ? error : "unknown error";

/** The `code` of a Node system error (`ECONNREFUSED`, `ENOENT`, …), if it has one. */
export const systemCode = (error: unknown): string | undefined => {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
};
