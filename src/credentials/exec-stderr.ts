import { StringDecoder } from "node:string_decoder";
import { redact } from "../base/redact.ts";
import { escapeLine } from "../base/terminal.ts";

/** Longer lines are cut: no sentence for a person is that long, and a progress bar is one line for ever. */
const LINE_LIMIT = 4096;
/** What an error quotes. */
const LINES_KEPT = 5;
/** What is shown of one run, in characters and in lines; `aws --debug` writes less. */
const SHOWN_LIMIT = 256 * 1024;
const SHOWN_LINES = 2_000;

export interface StderrOptions {
  /** Shows a line to the person, while the plugin runs. */
  readonly show: (line: string) => void;
  /** Values that the plugin was given and that nobody may read. */
  readonly secrets: readonly string[];
}

/** A plugin's stderr, line by line: shown live, its end kept for an error, and free of secrets and controls. */
export interface Stderr {
  add(part: Buffer): void;
  /** What came without a line feed is a line too. */
  end(): void;
  /** All bytes so far. */
  readonly total: number;
  /** The last whole lines, or "". */
  last(): string;
}

export function stderrLines({ show, secrets }: StderrOptions): Stderr {
  const decoder = new StringDecoder("utf8");
  const kept: string[] = [];
  let total = 0;
  let shown = 0;
  let lines = 0;
  let line = "";
  // The lines of a private key look like nothing when they are alone.
  let inKey = false;
  const isOfKey = (text: string): boolean => {
    if (!text.includes("-----")) return inKey;
    const begins = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
    const inside = inKey && !begins;
    if (begins) inKey = true;
    if (/-----END [A-Z ]*PRIVATE KEY-----/.test(text)) inKey = false;
    return inside;
  };
  const clean = (text: string): string => {
    // Half of a secret could not be told from other text.
    const whole = text.length < LINE_LIMIT ? text : `${text.replace(/\S*$/, "")}…`;
    const without = secrets.reduce((current, secret) => current.replaceAll(secret, "[redacted]"), whole);
    return escapeLine(redact(without)).trim();
  };
  const finish = (): void => {
    const text = line;
    line = "";
    if (text.trim() === "" || isOfKey(text)) return;
    kept.push(text);
    if (kept.length > LINES_KEPT) kept.shift();
    const full = (): boolean => shown > SHOWN_LIMIT || lines > SHOWN_LINES;
    if (full()) return;
    shown += text.length;
    lines += 1;
    show(full() ? "… it says more than is shown" : clean(text));
  };
  const feed = (text: string): void => {
    const [first = "", ...rest] = text.split(/[\r\n]+/);
    const extend = (more: string): void => {
      line = (line + more.slice(0, LINE_LIMIT)).slice(0, LINE_LIMIT);
    };
    extend(first);
    for (const each of rest) {
      finish();
      extend(each);
    }
  };
  return {
    add: (part) => {
      total += part.length;
      feed(decoder.write(part));
    },
    end: () => {
      feed(decoder.end());
      finish();
    },
    get total() {
      return total;
    },
    last: () => kept.map(clean).join("\n"),
  };
}

/** Shorter ones are in many words. */
const SECRET_LENGTH = 6;
const SECRET_NAME = /secret|passw|token|private[-_]?key|api[-_]?key|access[-_]?key/i;
const PLAIN_NAME = /(?:dir|file|path|url|uri|id|name|type|mode|storage|endpoint)$/i;

/**
 * Values that a plugin gets in variables or arguments whose names say that they are secret, and all that the kubeconfig
 * gives it in variables: `own` are their names.
 */
export const secretsOf = (
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
  own: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const isSecret = (name: string): boolean => SECRET_NAME.test(name) && !PLAIN_NAME.test(name);
  const named = Object.entries(env).flatMap(([name, value]) =>
    isSecret(name) || own.has(name) ? [value ?? ""] : [],
  );
  const given = args.flatMap((word, index) => {
    const [, option = "", value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const next = args[index + 1] ?? "";
    return isSecret(option) ? [value ?? (next.startsWith("-") ? "" : next)] : [];
  });
  return [...named, ...given]
    .flatMap((value) => value.split(/[\r\n]+/))
    .filter((value) => value.length >= SECRET_LENGTH);
};
