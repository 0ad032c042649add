import type { ChildProcess } from "node:child_process";
import * as net from "node:net";
import type { Readable } from "node:stream";
import type { Stderr } from "./exec-stderr.ts";

/** An ExecCredential with a certificate is some 10 KiB (security.md R-I3). */
const STDOUT_LIMIT = 1024 * 1024;
/** Nobody reads that much, and `aws --debug` writes less. */
const STDERR_LIMIT = 4 * 1024 * 1024;

/** What a plugin writes while it runs. */
export interface Output {
  /** Nobody holds its stdout any more. */
  readonly printed: Promise<void>;
  /** Nobody holds its stderr any more. */
  readonly quiet: Promise<void>;
  /** Resolves when it writes more than anybody needs, to what is too much. */
  readonly tooMuch: Promise<string>;
  /** What it printed. A child of it may go on writing to stderr, unheard, as it could to a terminal. */
  leave(): string;
  /** Whoever writes on meets a closed pipe. */
  close(): void;
}

export function collectOutput({ stdout, stderr }: ChildProcess, said: Stderr): Output {
  const parts: Buffer[] = [];
  let total = 0;
  const tooMuch = new Promise<string>((resolve) => {
    stdout?.on("data", (part: Buffer) => {
      total += part.length;
      if (total <= STDOUT_LIMIT) parts.push(part);
      else resolve(`printed more than ${STDOUT_LIMIT} bytes`);
    });
    stderr?.on("data", (part: Buffer) => {
      said.add(part);
      if (said.total > STDERR_LIMIT) resolve(`wrote more than ${STDERR_LIMIT} bytes to standard error`);
    });
  });
  return {
    printed: closed(stdout),
    quiet: closed(stderr),
    tooMuch,
    leave: () => {
      stderr?.removeAllListeners("data").resume();
      if (stderr instanceof net.Socket) stderr.unref();
      return Buffer.concat(parts).toString("utf8");
    },
    close: () => {
      stdout?.destroy();
      stderr?.destroy();
    },
  };
}

const closed = async (stream: Readable | null): Promise<void> =>
  await new Promise((resolve) => {
    if (stream === null) resolve();
    else stream.on("error", () => resolve()).once("close", resolve);
  });
