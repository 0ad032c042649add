import { redact } from "./redact.ts";
import { escapeControls } from "./terminal.ts";

/**
 * What a person sees. Everything goes through the redactor and the escaper; nothing takes headers, bodies, queries
 * or plugin output (security.md R-H1).
 */
export interface Log {
  /** 0 is silent but for results, warnings and errors; each higher level says more. */
  readonly level: number;
  /** A line for the person, on stderr. */
  say(text: string): void;
  warn(text: string): void;
  /** A line whose very point is an address to open or a code to type, so that nothing is taken out of it. */
  show(text: string): void;
  /** Printed when the level is at least `level`. */
  verbose(level: number, text: string): void;
  /** A line on stdout: results and JSON events only. */
  out(text: string): void;
  /** Why not all of the results could be written, e.g. a full disk. A reader that left, as of `… | head`, is no fault. */
  fault(): unknown;
}

export interface LogSinks {
  out(text: string): void;
  err(text: string): void;
  /** Of `out`. Default: there is none. */
  fault?(): unknown;
}

const clean = (text: string): string => escapeControls(redact(text));

export const logTo = (sinks: LogSinks, level: number): Log => ({
  level,
  say: (text) => sinks.err(`${clean(text)}\n`),
  show: (text) => sinks.err(`${escapeControls(text)}\n`),
  warn: (text) => sinks.err(`Warning: ${clean(text)}\n`),
  verbose: (wanted, text) => {
    if (level >= wanted) sinks.err(`${clean(text)}\n`);
  },
  // A result may be the very token that was asked for, so it is neither redacted nor escaped here.
  out: (text) => sinks.out(`${text}\n`),
  fault: () => sinks.fault?.(),
});
