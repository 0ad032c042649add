import { integer, object } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { readKeyDocument } from "./key-document.ts";
import type { AwsKeys } from "./plan.ts";

const versionShape = object({ Version: integer });

/**
 * What a `credential_process` printed.
 * @throws {KnownError} AWS_PROCESS
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export function readProcessKeys(printed: string, profile: string): AwsKeys {
  const fail = (reason: string): KnownError =>
    new KnownError("AWS_PROCESS", `What the credential_process of profile "${profile}" printed ${reason}`);
  return readKeyDocument(printed, { session: "SessionToken", sessionOptional: true, fail }, (document) => {
    const { Version } = versionShape(document, "");
    if (Version !== 1) throw fail(`is wrong: unsupported version '${Version}', it must be 1`);
  });
}

/**
 * A command line in words, as botocore parts it: without a shell, so that `$`, `|` and `;` mean nothing.
 * @throws {KnownError} AWS_PROCESS
 */
export function commandWords(
  line: string,
  profile: string,
  platform: NodeJS.Platform,
): readonly [file: string, ...args: string[]] {
  const wrong = (reason: string): KnownError =>
    new KnownError("AWS_PROCESS", `Cannot run the credential_process of profile "${profile}": ${reason}`);
  const words = platform === "win32" ? windowsWords(line) : posixWords(line);
  if (words === undefined) throw wrong("a quotation in it has no end");
  const [file, ...args] = words;
  if (file === undefined || file === "") throw wrong("it names no program");
  return [file, ...args];
}

/** Of Python's `shlex.split`; undefined: no closing quotation. */
const posixWords = (line: string): readonly string[] | undefined => {
  const pattern = /\s+|'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)|([^])/g;
  const words: string[] = [];
  let word: string | undefined;
  for (const [part, single, double, escaped, plain, odd] of line.matchAll(pattern)) {
    if (odd !== undefined) return undefined;
    const text = single ?? double?.replace(/\\(["\\])/g, "$1") ?? escaped ?? plain;
    if (text !== undefined) word = (word ?? "") + text;
    else if (part !== "" && word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
};

/** As programs for Windows part their own: backslashes are special before a quotation mark only. */
const windowsWords = (line: string): readonly string[] | undefined => {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (const [part, slashes = "", mark = "", blank] of line.matchAll(/(\\*)(")|([ \t]+)|\\+|[^\\" \t]+/g)) {
    if (mark !== "") {
      word = (word ?? "") + "\\".repeat(Math.floor(slashes.length / 2));
      if (slashes.length % 2 === 1) word += mark;
      else quoted = !quoted;
    } else if (blank === undefined || quoted) word = (word ?? "") + part;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (quoted) return undefined;
  return word === undefined ? words : [...words, word];
};
