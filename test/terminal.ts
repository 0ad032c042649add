import { spawn } from "node:child_process";
import { once } from "node:events";
import { environment, newHome, PROGRAM } from "./program.ts";

/** kauth on a terminal of its own. */
export interface OnTerminal extends AsyncDisposable {
  /** What the terminal has got so far. */
  readonly screen: () => string;
  type(characters: string): void;
  /** Resolves when a text has come that was not there when this was last asked. */
  shows(text: string | RegExp): Promise<void>;
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>;
}

/** No step of a test takes that long. */
const STEP = 30_000;

export interface TerminalWishes {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** By `script` of util-linux, which is on every Linux, and which gives a pseudo terminal to a program. */
export async function onTerminal(args: readonly string[], wishes: TerminalWishes = {}): Promise<OnTerminal> {
  const { columns = 80, rows = 24, env = {} } = wishes;
  const home = await newHome();
  const command = [...PROGRAM, ...args].map(quoted).join(" ");
  // What `stty` says of the terminal at the end is what kauth has left.
  const line = `trap : INT; stty cols ${columns} rows ${rows}; ${command}; status=$?; stty -a | tr '\\n' ' '; exit $status`;
  const child = spawn("script", ["-qfec", line, "/dev/null"], {
    env: environment(home.path, { TERM: "xterm-256color", SHELL: "/bin/sh", ...env }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  let screen = "";
  let seen = 0;
  let changed = (): void => undefined;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part: string) => {
    screen += part;
    changed();
  });
  const closed = once(child, "close");
  const ended = closed.then(() => child.exitCode);
  const find = (text: string | RegExp): boolean => {
    const rest = screen.slice(seen);
    const at = typeof text === "string" ? rest.indexOf(text) : (text.exec(rest)?.index ?? -1);
    if (at === -1) return false;
    seen += at + 1;
    return true;
  };
  return {
    screen: () => screen,
    type: (characters) => void child.stdin.write(characters),
    shows: async (text) => {
      const late = AbortSignal.timeout(STEP);
      while (!find(text)) {
        if (child.exitCode !== null || late.aborted)
          throw new Error(`"${String(text)}" did not come: ${screen}`);
        await new Promise<void>((resolve) => {
          changed = resolve;
          void closed.then(() => resolve());
          late.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) child.kill();
      await closed;
      await home[Symbol.asyncDispose]();
    },
  };
}
