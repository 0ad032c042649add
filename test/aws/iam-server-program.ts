import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { AuditLine } from "../../src/iam/server/audit.ts";
import { environment, newHome, PROGRAM } from "../program.ts";

export interface IamServerProgram extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly audit: readonly AuditLine[];
  stderr(): string;
  /** The next line of standard error that fits, past those that were waited for. */
  said(pattern: RegExp): Promise<string>;
  /** Sends SIGTERM and waits for the exit status. */
  stop(): Promise<number | null>;
}

export interface IamServerProgramWishes {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Default: kauth. */
  readonly program?: readonly string[];
  /** What it says once it listens. */
  readonly ready?: RegExp;
}

/** Starts `kauth iam server …` and waits until it listens. Rejects with what it printed if it ends before. */
export async function startIamServer(wishes: IamServerProgramWishes): Promise<IamServerProgram> {
  const home = await newHome();
  const [file = "", ...first] = wishes.program ?? [...PROGRAM, "iam", "server"];
  const child = spawn(file, [...first, ...wishes.args], {
    env: environment(home.path, wishes.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const audit: AuditLine[] = [];
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let seen = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) audit.push(JSON.parse(line) as AuditLine);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const ended = once(child, "close");
  const said = async (pattern: RegExp): Promise<string> => {
    const found = new Promise<string>((resolve) => {
      const look = (): void => {
        const at = lines.findIndex((line, index) => index >= seen && pattern.test(line));
        if (at === -1) return;
        seen = at + 1;
        waiting.delete(look);
        resolve(lines[at] ?? "");
      };
      waiting.add(look);
      look();
    });
    const gone = ended.then(() => {
      throw new Error(`it ended with ${child.exitCode}: ${lines.join("\n")}`);
    });
    return await Promise.race([found, gone]);
  };
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  ended.catch(() => undefined);
  await said(wishes.ready ?? /^Answering on /);
  return {
    child,
    audit,
    stderr: () => lines.join("\n"),
    said,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await home[Symbol.asyncDispose]();
    },
  };
}
