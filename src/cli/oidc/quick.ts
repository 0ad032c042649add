import { filesNow } from "../../base/files-now.ts";
import type { System } from "../../base/system.ts";
import type { Command, OptionSpec } from "../command.ts";
import { oidcGetTokenCommand } from "../commands/oidc-get-token.ts";
import { dropInOf } from "../drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../globals.ts";
import { parseLine, resolveOptions } from "../options.ts";
import { holding, isConfigured } from "../quick.ts";
import type { RunRequest } from "../run.ts";
import { lookUp } from "./get-token.ts";

const SPECS: Readonly<Record<string, OptionSpec>> = {
  ...oidcGetTokenCommand.options,
  ...COMMON_OPTIONS,
  ...KLOG_OPTIONS,
};
const COMMAND: Command = { ...oidcGetTokenCommand, options: SPECS };

/**
 * `get-token` with a token in a file, as kubectl runs it at each call, without loading the rest of the program. Whatever
 * is not as plain as that is left to the rest, which begins anew: until there is an answer nothing is said or changed.
 * @returns the exit status; undefined: this is nothing for it
 */
export async function quickToken({ args, program, signal, system }: RunRequest): Promise<number | undefined> {
  const held: (() => void)[] = [];
  try {
    const words = dropInOf(program)?.words(args) ?? args;
    if (words[0] !== "oidc" || words[1] !== "get-token") return undefined;
    const machine = system(0);
    const real: System = { ...machine, files: filesNow(machine.files) };
    const line = parseLine(words.slice(2), SPECS);
    const options = resolveOptions(COMMAND, line, { env: real.env, config: new Map() });
    if (options.boolean("help") || options.count("verbose") > 0 || options.count("v") > 0) return undefined;
    if (line.positionals.length > 0 || (await isConfigured(real))) return undefined;
    if (options.string("token-cache-storage") !== "disk") return undefined;
    const quiet: System = { ...real, log: holding(real.log, held) };
    const { answer } = await lookUp({
      system: quiet,
      options,
      positionals: line.positionals,
      program,
      signal,
    });
    if (answer === undefined) return undefined;
    for (const say of held) say();
    real.log.out(answer);
    return real.log.fault() === undefined ? 0 : undefined;
  } catch {
    // The rest of the program meets the same, and has the words for it.
    return undefined;
  }
}
