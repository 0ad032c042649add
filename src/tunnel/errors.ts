import { CODES } from "../base/codes.ts";
import { KnownError, type ErrorCode } from "../base/errors.ts";

interface Class {
  readonly code: ErrorCode;
  readonly match: RegExp;
  readonly says: (port: number, text: string) => string;
}

const forward = (port: number, text: string): string =>
  `Cannot forward to port ${port} in the pod: ${quote(text)}`;

/**
 * What the kubelet's words on an error stream mean (tunnel.md §2.5). First match wins: the text for a refused port
 * names a network namespace too.
 */
const CLASSES: readonly Class[] = [
  {
    code: "POD_GONE",
    match:
      /failed to find sandbox|network namespace for sandbox .* is closed|sandbox .* is not running|could not find sandbox|PodSandbox with ID starting with/,
    says: (port, text) => `Cannot connect to port ${port}: the pod is gone: ${quote(text)}`,
  },
  {
    code: "PORT_REFUSED",
    match: /connect: connection refused/,
    says: (port) => `Cannot connect to port ${port} in the pod: nothing listens there`,
  },
  {
    code: "PORT_RESET",
    match: /connection reset by peer|broken pipe/,
    says: (port) => `The application on port ${port} in the pod reset the connection`,
  },
  { code: "TUNNEL_PAIRING", match: /timed out waiting for streams|already assigned/, says: forward },
];

/** Characters of remote text that a message repeats. */
const QUOTED = 300;

/** Remote text as one line, cut. */
export const shorten = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
};

export const quote = (text: string): string => JSON.stringify(shorten(text));

/** A right is missing: the message says which, and what each carrier was told comes below it, a line each. */
export const missingRight = (message: string, reasons: readonly string[]): KnownError =>
  new KnownError("TUNNEL_FORBIDDEN", message, {
    right: { verb: "create", resource: "pods/portforward", namespace: undefined },
    hint: [...reasons, CODES.TUNNEL_FORBIDDEN.next].join("\n"),
    cause: new Error(reasons.join("\n")),
  });

/** Whether a refused upgrade or an error stream says that the pod is no more. */
export const saysPodGone = (text: string): boolean =>
  CLASSES.some(({ code, match }) => code === "POD_GONE" && match.test(text));

/** The text of an error stream as a coded error: PORT_REFUSED, PORT_RESET, POD_GONE, TUNNEL_PAIRING or PORT_FAILED. */
export function portError(text: string, port: number): KnownError {
  const found = CLASSES.find(({ match }) => match.test(text));
  return new KnownError(found?.code ?? "PORT_FAILED", (found?.says ?? forward)(port, text), {
    cause: new Error(text),
  });
}
