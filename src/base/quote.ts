// Loaded when it is first used: it takes milliseconds.
import * as http from "node:http";
import { redact } from "./redact.ts";
import { escapeControls } from "./terminal.ts";

/** As much of a foreign text as helps to find a fault. */
const LIMIT = 300;

/** A foreign text within a message: no secrets, no controls, not much (security.md R-H2, R-H6). */
export const excerpt = (text: string, limit = LIMIT): string => {
  const clean = escapeControls(redact(text));
  return clean.length > limit ? `${clean.slice(0, limit)}...` : clean;
};

/** The same as Go's %q. */
export const quoted = (text: string, limit = LIMIT): string => {
  const clean = redact(text);
  return escapeControls(JSON.stringify(clean.length > limit ? `${clean.slice(0, limit)}...` : clean));
};

/** As Go shows a status: `404 Not Found`. */
export const statusText = (status: number): string => `${status} ${http.STATUS_CODES[status] ?? ""}`.trim();

/** What another program's JSON says, or nothing: V8's own message would quote it. */
export const parseQuietly = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Node's error of a file as Go writes it: `open /x: no such file or directory`. */
export const openError = (path: string, message: string): string =>
  `open ${path}: ${/^E[A-Z]+: (.*?)(?:, \w+(?: '.*)?)?$/s.exec(message)?.[1] ?? message}`;
