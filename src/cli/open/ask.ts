import { createInterface } from "node:readline";

/** One question on the terminal; anything but yes is no. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
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

/** Calls back at each line that a person ends with Enter; stops with the signal. Nothing is read from what is no terminal. */
export function onEnter(pressed: () => void, signal: AbortSignal): void {
  if (process.stdin.isTTY !== true || signal.aborted) return;
  const lines = createInterface({ input: process.stdin });
  lines.on("line", pressed);
  signal.addEventListener("abort", () => lines.close(), { once: true });
}
