import * as readline from "node:readline";
import { StringDecoder } from "node:string_decoder";
import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis, type Bytes } from "../../base/units.ts";
import { readKeys } from "./keys.ts";

/** One question on the terminal; anything but yes is no. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      signal.addEventListener("abort", () => resolve(false), { once: true });
      lines.once("close", () => resolve(false));
      lines.question(question, (answer) => resolve(/^y(es)?$/i.test(answer.trim())));
    });
  } finally {
    lines.close();
  }
}

/** One line of standard input, whatever it is. Undefined: it has ended. @throws the signal's reason */
export async function askLine(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  const lines = readline.createInterface({ input: process.stdin });
  process.stderr.write(prompt);
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      lines.once("line", resolve);
      lines.once("close", () => resolve(undefined));
    });
  } finally {
    lines.close();
  }
}

/** The same without showing what is typed, on a terminal. Undefined: the person left. @throws the signal's reason */
export async function askHidden(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  const terminal = keyboard();
  terminal.write(prompt);
  let typed = "";
  let stop: () => void = () => undefined;
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      stop = terminal.hear(
        (characters) => {
          for (const key of readKeys(characters, true).keys) {
            if (key.kind === "text") typed += key.text;
            else if (key.kind === "backspace") typed = typed.slice(0, -1);
            else if (key.kind === "clear") typed = "";
            else if (key.kind === "enter") resolve(typed);
            else if (key.kind === "leave") resolve(undefined);
          }
        },
        () => undefined,
      );
    });
  } finally {
    stop();
    terminal.write("\n");
  }
}

/** Calls back at each line that a person ends with Enter; stops with the signal. Nothing is read from what is no terminal. */
export function onEnter(pressed: () => void, signal: AbortSignal): void {
  if (process.stdin.isTTY !== true || signal.aborted) return;
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", pressed);
  signal.addEventListener("abort", () => lines.close(), { once: true });
}

/** What waits in a terminal is there at once; nobody answers a list that soon. */
const WAITING = millis(50);

/** Forgets what was typed so far: an Enter of an impatient person must choose nothing that they have not seen. */
export async function forgetTyped({ sleep }: Pick<System, "sleep">, signal: AbortSignal): Promise<void> {
  const stop = keyboard().hear(
    () => undefined,
    () => undefined,
  );
  try {
    await sleep(WAITING, signal);
  } finally {
    stop();
  }
}

/** A terminal that hands on each key as it is pressed, and is drawn on. */
export interface Keyboard {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Hands characters on until the returned function is called, which leaves the terminal as it was. */
  hear(heard: (characters: string) => void, resized: () => void): () => void;
}

/** Where standard input and standard error are a terminal. Ctrl-C is a character there, and no signal. */
export function keyboard(): Keyboard {
  const { stdin, stderr } = process;
  return {
    get columns() {
      return stderr.columns;
    },
    get rows() {
      return stderr.rows;
    },
    write: (text) => void stderr.write(text),
    hear: (heard, resized) => {
      // A character may come in two pieces.
      const decoder = new StringDecoder("utf8");
      const onData = (piece: Buffer): void => heard(decoder.write(piece));
      const before = stdin.isRaw;
      stdin.setRawMode(true);
      stdin.on("data", onData);
      stdin.resume();
      stderr.on("resize", resized);
      let listening = true;
      return () => {
        if (!listening) return;
        listening = false;
        stderr.off("resize", resized);
        stdin.off("data", onData);
        stdin.setRawMode(before);
        stdin.pause();
      };
    },
  };
}

/** All of standard input. @throws {KnownError} FILE_TOO_LARGE */
export async function readInput(limit: Bytes): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > limit)
      throw new KnownError("FILE_TOO_LARGE", `Cannot read standard input: it has more than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
