import { filesNow } from "../../base/files-now.ts";
import type { Log } from "../../base/log.ts";
import { invokedName, realSystem, type System } from "../../base/system.ts";
import type { OptionSpec } from "../command.ts";
import { dropInOf } from "../drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../globals.ts";
import { parseLine, resolveOptions } from "../options.ts";
import { openCache } from "../../oidc/warm.ts";
import { hardenProcess, checkRuntime } from "../hardening.ts";
import { lookUp } from "./look-up.ts";
import { holding, isConfigured } from "../quick.ts";
import { GET_TOKEN_OPTIONS } from "./options.ts";

const SPECS: Readonly<Record<string, OptionSpec>> = {
  ...GET_TOKEN_OPTIONS,
  ...COMMON_OPTIONS,
  ...KLOG_OPTIONS,
};
const COMMAND = { path: ["oidc", "get-token"], options: SPECS };

/** What is said is kept until it is known that there is an answer. */
interface Quiet {
  readonly system: System;
  /** Says it. */
  readonly tell: () => void;
  /** As it is, for the answer. */
  readonly log: Log;
}

const quietMachine = (): Quiet => {
  const { log, files } = realSystem();
  const held: (() => void)[] = [];
  return {
    log,
    system: realSystem(0, { files: filesNow(files), log: holding(log, held) }),
    tell: () => {
      for (const say of held) say();
    },
  };
};

/** The line to print; undefined: this is nothing for it. Until then nothing is changed that the rest would not change too. */
const lineFor = async (
  args: readonly string[],
  program: string,
  system: System,
): Promise<string | undefined> => {
  const words = dropInOf(program)?.words(args) ?? args;
  if (words[0] !== "oidc" || words[1] !== "get-token") return undefined;
  const line = parseLine(words.slice(2), SPECS);
  const options = resolveOptions(COMMAND, line, { env: system.env, config: new Map() });
  if (options.boolean("help") || options.count("verbose") > 0 || options.count("v") > 0) return undefined;
  if (line.positionals.length > 0 || (await isConfigured(system))) return undefined;
  if (options.string("token-cache-storage") !== "disk") return undefined;
  const { signal } = new AbortController();
  const { answer } = await lookUp(
    { system, options, positionals: line.positionals, program, signal },
    async ({ directory }, around) => await openCache(directory, around),
  );
  return answer;
};

/**
 * `get-token` with a token in a file, as kubectl runs it at each call, without the rest of the program. Whatever is not as
 * plain as that is left to the rest, which begins anew. It is a file of its own and holds copies of what it needs of the
 * program, since to load one file is faster than to load twelve.
 * @param name as `main` has it
 * @returns whether that was all
 */
export async function answered(name: string): Promise<boolean> {
  const { system, tell, log } = quietMachine();
  try {
    // What there is to say of the runtime, the rest says.
    if (checkRuntime(system.env).length > 0) return false;
    hardenProcess(system);
    const line = await lineFor(process.argv.slice(2), invokedName(name), system);
    if (line === undefined) return false;
    tell();
    log.out(line);
    return log.fault() === undefined;
  } catch {
    // The rest of the program meets the same, and has the words for it.
    return false;
  }
}
