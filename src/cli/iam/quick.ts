import { filesNow } from "../../base/files-now.ts";
import type { System } from "../../base/system.ts";
import { environmentKeys } from "../../iam/token/index.ts";
import type { Command, Invocation, OptionSpec } from "../command.ts";
import { iamGetTokenCommand } from "../commands/iam-get-token.ts";
import { iamTokenCommand } from "../commands/iam-token.ts";
import { dropInOf } from "../drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../globals.ts";
import { parseLine, resolveOptions } from "../options.ts";
import { holding, isConfigured } from "../quick.ts";
import type { RunRequest } from "../run.ts";
import { runGetToken } from "./get-token.ts";
import { runIamToken } from "./token.ts";
import { awsWords } from "./words.ts";

// From here, so that the built program has all of it in one file: each file takes a part of a millisecond.
export { runGetToken } from "./get-token.ts";
export { runIamToken } from "./token.ts";

interface Quick {
  readonly command: Command;
  readonly run: (invocation: Invocation) => Promise<number>;
}

const QUICK: Readonly<Record<string, Quick>> = {
  token: { command: iamTokenCommand, run: runIamToken },
  "get-token": { command: iamGetTokenCommand, run: runGetToken },
};

/** With any of these there may be something to ask, to read or to say. */
const SLOW: readonly string[] = ["config", "role", "role-arn", "profile", "cache", "log-verbosity"];

/**
 * A token signed with keys of the environment, as kubectl runs it at each call, without loading the rest of the program.
 * Whatever is not as plain as that is left to the rest, which begins anew: until there is an answer nothing is said.
 * @returns the exit status; undefined: this is nothing for it
 */
export async function quickIamToken({
  args,
  program,
  signal,
  system,
}: RunRequest): Promise<number | undefined> {
  try {
    const words = dropInOf(program)?.words(args) ?? awsWords(args) ?? args;
    const quick =
      words[0] === "iam" && Object.hasOwn(QUICK, words[1] ?? "") ? QUICK[words[1] ?? ""] : undefined;
    const machine = system(0);
    const real: System = { ...machine, files: filesNow(machine.files) };
    if (quick === undefined || environmentKeys(real.env) === undefined) return undefined;
    const specs: Readonly<Record<string, OptionSpec>> = {
      ...quick.command.options,
      ...COMMON_OPTIONS,
      ...KLOG_OPTIONS,
    };
    const { positionals, options: given } = parseLine(words.slice(2), specs);
    const command = { ...quick.command, options: specs };
    const options = resolveOptions(
      command,
      { positionals, options: given },
      { env: real.env, config: new Map() },
    );
    if (options.boolean("help") || options.count("verbose") > 0) return undefined;
    if (SLOW.some((name) => Object.hasOwn(specs, name) && options.list(name).length > 0)) return undefined;
    if (!hasRegion(options.string("region"), real.env) || (await isConfigured(real))) return undefined;
    const held: (() => void)[] = [];
    const quiet: System = { ...real, log: holding(real.log, held) };
    const status = await quick.run({ system: quiet, options, positionals, program, signal });
    for (const say of held) say();
    return real.log.fault() === undefined ? status : undefined;
  } catch {
    // The rest of the program meets the same, and has the words for it.
    return undefined;
  }
}

/** Otherwise it may take a question to find one. */
const hasRegion = (flag: string | undefined, env: System["env"]): boolean =>
  [flag, env["AWS_REGION"], env["AWS_DEFAULT_REGION"]].some((each) => each !== undefined && each !== "");
