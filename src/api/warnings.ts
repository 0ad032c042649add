import { valuesOf, type RawHeaders } from "../base/headers.ts";
import type { Log } from "../base/log.ts";

/** A server that says something new each time must not fill the memory. */
const REMEMBERED = 1_000;

/** Prints what the API server warns of, each text once (credentials.md §4.5). */
export const warningPrinter = (log: Log): ((headers: RawHeaders) => void) => {
  const said = new Set<string>();
  return (headers) => {
    for (const text of warningsOf(headers)) {
      if (said.has(text) || said.size >= REMEMBERED) continue;
      said.add(text);
      log.warn(text);
    }
  };
};

/** The texts of code 299. A line is read up to its first mistake, as client-go does. */
export const warningsOf = (headers: RawHeaders): readonly string[] =>
  valuesOf(headers, "warning").flatMap((line) => {
    const found: string[] = [];
    // RFC 9111 §5.5: code agent "text", perhaps with a "date" behind it; several with commas between.
    const one = /\s*(\d{3}) (\S+) "((?:[^"\\]|\\.)*)"(?:\s*"[^"]*")?\s*(?:,|$)/y;
    for (let match = one.exec(line); match !== null; match = one.exec(line)) {
      const text = fromWire((match[3] ?? "").replaceAll(/\\(.)/g, "$1"));
      if (match[1] === "299" && text !== undefined && text !== "") found.push(text);
    }
    return found;
  });

/** Node gives each byte as a letter; what is no UTF-8 or has controls is left out. */
const fromWire = (text: string): string | undefined => {
  try {
    const read = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "latin1"));
    return /\p{Cc}/u.test(read) ? undefined : read;
  } catch {
    return undefined;
  }
};
