import { win32 } from "node:path";

export interface BatchCall {
  readonly file: string;
  /** The whole rest of the command line, quoted. */
  readonly args: readonly string[];
}

/** Windows takes points and spaces from the end of a name. */
export const isBatchFile = (path: string): boolean => /\.(?:bat|cmd)[. ]*$/i.test(path);

/**
 * A batch file as a call of cmd.exe, which reads its command line by rules of its own: quotes are doubled, `%` is set
 * so that it names no variable, and `!` means nothing (`/v:off`). Backslashes before a quote are doubled for the program
 * that the batch file starts.
 * @returns undefined for what no quoting makes safe: a line feed, a carriage return or NUL ends the line
 */
export function batchCall(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BatchCall | undefined {
  const words = [path, ...args];
  if (words.some((word) => /[\0\r\n]/.test(word)) || /["]|[\\/]$/.test(path)) return undefined;
  const line = words.map((word, index) => (index > 0 && PLAIN.test(word) ? word : quote(word))).join(" ");
  const windows = Object.entries(env).find(([name]) => name.toUpperCase() === "SYSTEMROOT")?.[1];
  return {
    file: win32.join(
      windows === undefined || windows === "" ? "C:\\Windows" : windows,
      "System32",
      "cmd.exe",
    ),
    args: ["/e:on", "/v:off", "/d", "/s", "/c", `"${line}"`],
  };
}

/** Words that cmd.exe takes as they are. A backslash at the end would meet the quote that ends the line. */
const PLAIN = /^[A-Za-z0-9#$*+\-./:?@\\_]*[A-Za-z0-9#$*+\-./:?@_]$/;

/** `%cd:~,%` is always nothing, and takes from the `%` before it the chance to begin a name. */
const quote = (word: string): string =>
  `"${word
    .replaceAll(
      /(\\*)("|$)/g,
      (_whole, slashes: string, end: string) => slashes + slashes + (end === "" ? "" : '""'),
    )
    .replaceAll("%", "%%cd:~,%")}"`;
