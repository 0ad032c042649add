import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { Keyboard } from "./ask.ts";
import { choosing, step, view, type Choice, type Screen } from "./choose.ts";
import { readKeys } from "./keys.ts";

/** Within it the rest of a sequence comes, also over a network; after it Escape was Escape. */
const ESCAPE_WAIT = millis(100);

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_BELOW = "\u001b[J";
/** Of a terminal that does not tell its size. */
const SIZE = { columns: 80, rows: 24 } as const;
/** Below this nothing could be told apart. */
const COLUMNS_LEAST = 10;

export interface Choosing {
  readonly title: string;
  readonly choices: readonly Choice[];
  readonly signal: AbortSignal;
}

/** Whether a list can be drawn anew: standard input and standard error are a terminal that moves its cursor. */
export const canChoose = ({ env, platform, stdinIsTerminal, stderrIsTerminal }: System): boolean => {
  if (!stdinIsTerminal || !stderrIsTerminal) return false;
  const { TERM = "" } = env;
  // Windows has no such variable.
  return TERM === "" ? platform === "win32" : TERM !== "dumb";
};

/** @see https://no-color.org */
const hasColor = ({ env }: System): boolean => (env["NO_COLOR"] ?? "") === "";

/**
 * Lets a person choose one of some lines; undefined when they leave. Nothing of the list stays on the terminal, and it is
 * as it was before, however this ends. @throws the signal's reason
 */
export async function choose(
  keyboard: Keyboard,
  system: System,
  { title, choices, signal }: Choosing,
): Promise<number | undefined> {
  signal.throwIfAborted();
  let state = choosing(choices);
  let drawn = 0;
  let rest = "";
  let waiting = new AbortController();
  const screen = (): Screen => ({
    // What says 0 does not know.
    columns: Math.max(COLUMNS_LEAST, keyboard.columns || SIZE.columns),
    rows: keyboard.rows || SIZE.rows,
    color: hasColor(system),
  });
  const erase = (): void => {
    keyboard.write(`${drawn === 0 ? "" : `\u001b[${drawn}A`}\r${CLEAR_BELOW}`);
    drawn = 0;
  };
  const draw = (): void => {
    const lines = view(state, title, screen());
    erase();
    keyboard.write(lines.map((line) => `${line}\r\n`).join(""));
    drawn = lines.length;
  };
  let stop = (): void => undefined;
  const restore = (): void => {
    stop();
    erase();
    keyboard.write(SHOW_CURSOR);
  };
  // What ends the process at once leaves a terminal behind that shows nothing of what is typed.
  const keep = system.onExit(restore);
  let aborted = (): void => undefined;
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      const act = (characters: string, over: boolean): void => {
        const read = readKeys(rest + characters, over);
        rest = read.rest;
        for (const key of read.keys) {
          const next = step(state, key);
          if (next.kind === "left") resolve(undefined);
          else if (next.kind === "chosen") resolve(next.index);
          if (next.kind !== "going-on") return;
          state = next.state;
        }
        draw();
      };
      const heard = (characters: string): void => {
        waiting.abort();
        act(characters, false);
        if (rest === "") return;
        waiting = new AbortController();
        void system.sleep(ESCAPE_WAIT, waiting.signal).then(
          () => act("", true),
          () => undefined,
        );
      };
      aborted = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", aborted, { once: true });
      keyboard.write(HIDE_CURSOR);
      stop = keyboard.hear(heard, draw);
      draw();
    });
  } finally {
    signal.removeEventListener("abort", aborted);
    waiting.abort();
    keep();
    restore();
  }
}
