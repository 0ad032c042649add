import { join } from "node:path";
import { logTo } from "../src/base/log.ts";
import { realSystem, type System } from "../src/base/system.ts";
import type { Command, ParsedOptions } from "../src/cli/command.ts";
import { parseLine, resolveOptions } from "../src/cli/options.ts";
import { newHome } from "./program.ts";

export interface Recorded extends AsyncDisposable {
  /** `KAUTH_HOME` of the system. */
  readonly home: string;
  /** What it printed, in lines. */
  readonly out: string[];
  readonly err: string[];
  readonly system: (level?: number) => System;
}

/** A machine with a home of its own that remembers what was printed. */
export async function recorded(env: Readonly<Record<string, string>> = {}): Promise<Recorded> {
  const home = await newHome();
  const out: string[] = [];
  const err: string[] = [];
  const real = realSystem();
  const put = (lines: string[], text: string): void =>
    void lines.push(...text.replace(/\n$/, "").split("\n"));
  return {
    home: home.path,
    out,
    err,
    system: (level = 0) => ({
      ...real,
      home: home.path,
      temp: join(home.path, "temp"),
      env: { HOME: home.path, KAUTH_HOME: home.path, ...env },
      log: logTo({ out: (text) => put(out, text), err: (text) => put(err, text) }, level),
    }),
    [Symbol.asyncDispose]: async () => await home[Symbol.asyncDispose](),
  };
}

/** The options that a command gets from these words alone. */
export const optionsFor = (command: Command, ...words: readonly string[]): ParsedOptions =>
  resolveOptions(command, parseLine(words, command.options), { env: {}, config: new Map() });
