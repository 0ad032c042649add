import { CODES } from "../base/codes.ts";
import { isKnownError, KnownError, messageOf, type ErrorCode } from "../base/errors.ts";
import { redact } from "../base/redact.ts";
import type { System } from "../base/system.ts";
import { escapeQuoted } from "../base/terminal.ts";
import { finishAll } from "../base/unfinished.ts";
import { VERSION } from "../base/version.ts";
import type { Command, Invocation, OptionSpec } from "./command.ts";
import { commandsBelow, findCommand } from "./commands.ts";
import { loadConfig, NO_CONFIG, type Config } from "./config.ts";
import { dropInOf, STANDALONE, type DropIn } from "./drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "./globals.ts";
import { commandHelp, groupHelp, programHelp } from "./help.ts";
import { awsWords, namedLevel } from "./iam/words.ts";
import { nearest, parseLine, resolveOptions } from "./options.ts";

export interface RunRequest {
  /** Words after the program's name. */
  readonly args: readonly string[];
  /** The name that the program was started by. */
  readonly program: string;
  readonly signal: AbortSignal;
  /** Of the signal that ended it: 130 for SIGINT, 143 for SIGTERM. Default: 130. */
  readonly signalStatus?: () => number;
  /** Makes the System once the verbosity is known. */
  readonly system: (level: number) => System;
}

/** Programs that kubectl asks what may stand next, with the program that they complete. */
const COMPLETERS: Readonly<Record<string, string>> = {
  "kubectl_complete-auth_proxy": "kubectl-auth_proxy",
  "kubectl_complete-oidc_login": "kubectl-oidc_login",
};

/** Next steps that get the command's name where it is known. */
const ANY_HELP: ReadonlySet<string> = new Set(["See --help", CODES.USAGE.next]);

const OWN_FAULT = 70;
const INTERRUPTED = 130;

/** Words → command → exit status. The only place that turns an error into text. */
export async function run(request: RunRequest): Promise<number> {
  const dropIn = dropInOf(request.program);
  const status = (code: number): number => (dropIn !== undefined && code !== 0 ? 1 : code);
  let level = 0;
  let json = wantsJson(request.args);
  let lasting = false;
  let running: Command | undefined;
  try {
    const asked = completed(request);
    if (asked !== undefined) return print(request.system(0), await complete(asked, request.system(0)));
    const words =
      dropIn === undefined ? (awsWords(request.args) ?? request.args) : dropIn.words(request.args);
    if (words.length === 0 && request.program === "kauth") return await summarize(request.system(0));
    if (request.args[0] === "--version")
      return print(request.system(0), `${dropIn?.version ?? "kauth"} ${VERSION}`);
    if (words[0] === "--help" || words[0] === "-h" || words[0] === "help")
      return print(request.system(0), helpFor(words.slice(1)));
    const group = groupOf(words);
    if (group !== undefined) return print(request.system(0), groupHelp(group, calledBy(group, dropIn)));
    const command = findCommand(words) ?? unknownCommand(words);
    running = command;
    lasting = command.lasting === true;
    const specs = { ...command.options, ...COMMON_OPTIONS, ...KLOG_OPTIONS } as Record<string, OptionSpec>;
    const line = parseLine(words.slice(command.path.length), specs);
    const known: Command = { ...command, options: specs };
    const early = resolveOptions(known, line, { env: request.system(0).env, config: new Map() });
    const named = Object.hasOwn(specs, "log-verbosity") ? (early.string("log-verbosity") ?? "") : "";
    level = Math.min(
      9,
      Math.max(early.count("verbose"), early.count("v"), named === "" ? 0 : namedLevel(named)),
    );
    const system = request.system(level);
    if (early.boolean("help")) {
      const program = programOf(command, dropIn);
      return print(
        system,
        commandHelp(command, program, program === dropIn?.called ? below(dropIn) : undefined),
      );
    }
    const { config, configFault } = await configFor(command, system);
    const settings = config.commands.get(command.path.join(" ")) ?? new Map<string, readonly string[]>();
    const options = resolveOptions(known, line, { env: system.env, config: settings });
    json = Object.hasOwn(specs, "output") && options.string("output") === "json";
    const handler = await command.load();
    const { program, signal } = request;
    const { positionals } = line;
    try {
      const { presets, contexts } = config;
      const code = await handler({
        system,
        options,
        positionals,
        program,
        signal,
        configFault,
        presets,
        contexts,
      });
      return status(written(system, code));
    } finally {
      await finishAll(system);
    }
  } catch (error) {
    const { signal } = request;
    const asCalled = (text: string): string => {
      if (running !== undefined && ANY_HELP.has(text)) return `See ${programOf(running, dropIn)} --help.`;
      return dropIn === undefined ? text : text.replaceAll(`kauth ${dropIn.under.join(" ")}`, dropIn.called);
    };
    const stopped = lasting ? 0 : (request.signalStatus?.() ?? INTERRUPTED);
    const told = tellError(error, request.system(level), {
      signal,
      stopped,
      json,
      asCalled,
      exact: dropIn?.under[0] === "oidc" && !isKnownError(error, "OTHER_KUBELOGIN"),
    });
    // Whoever wanted the other tool has to see that this is none of its failures.
    return isKnownError(error, "OTHER_KUBELOGIN") ? told : status(told);
  }
}

/** @throws {KnownError} CONFIG_INVALID, but for a command that survives it */
const configFor = async (
  command: Command,
  system: System,
): Promise<{ readonly config: Config } & Pick<Invocation, "configFault">> => {
  try {
    return { config: await loadConfig(system) };
  } catch (error) {
    if (command.survivesConfig !== true || !isKnownError(error, "CONFIG_INVALID")) throw error;
    return { config: NO_CONFIG, configFault: error };
  }
};

const print = (system: System, text: string): number => {
  system.log.out(text);
  return written(system, 0);
};

const summarize = async (system: System): Promise<number> => {
  const { printSummary } = await import("./summary.ts");
  return written(system, await printSummary(system));
};

/** The status of a command, if all that it printed has arrived. @throws {KnownError} OUTPUT_FAILED */
const written = (system: System, status: number): number => {
  const cause = system.log.fault();
  if (cause === undefined) return status;
  throw new KnownError("OUTPUT_FAILED", `Cannot write to standard output: ${messageOf(cause)}`, { cause });
};

interface Completed {
  /** Words after the program's name; the last one is being typed. */
  readonly words: readonly string[];
  readonly dropIn: DropIn | undefined;
}

/** What the completion scripts and kubectl call; undefined: nobody asks what may stand next. */
const completed = ({ args, program }: RunRequest): Completed | undefined => {
  const completes = Object.hasOwn(COMPLETERS, program) ? COMPLETERS[program] : undefined;
  if (completes !== undefined) return { words: args, dropIn: dropInOf(completes) };
  return args[0] === "__complete" ? { words: args.slice(1), dropIn: dropInOf(program) } : undefined;
};

const complete = async ({ words, dropIn }: Completed, system: System): Promise<string> => {
  const { candidates, cobraCompletion } = await import("./completion.ts");
  return dropIn === undefined
    ? (await candidates(words, system)).join("\n")
    : await cobraCompletion(dropIn.under, words, system);
};

/** `iam`, `iam cache --help`: words that several commands begin with, and no command. */
const groupOf = (words: readonly string[]): readonly string[] | undefined => {
  const group = ["--help", "-h", "help"].includes(words.at(-1) ?? "") ? words.slice(0, -1) : words;
  return group.length > 0 && commandsBelow(group).length > 0 ? group : undefined;
};

const helpFor = (words: readonly string[]): string => {
  const group = groupOf(words);
  if (group !== undefined) return groupHelp(group);
  const command = words.length === 0 ? undefined : findCommand(words);
  return command === undefined ? programHelp() : commandHelp(command, `kauth ${command.path.join(" ")}`);
};

/** How a person calls what our words stand for. */
const calledBy = (words: readonly string[], dropIn: DropIn | undefined): string => {
  const under = dropIn?.under ?? [];
  return dropIn === undefined || !words.join(" ").startsWith(under.join(" "))
    ? `kauth ${words.join(" ")}`
    : [dropIn.called, ...words.slice(under.length)].join(" ");
};

/** What stands beside a command that needs no word of its own. */
const below = ({ under }: DropIn): readonly string[] | undefined =>
  commandsBelow(under).length > 0 ? under : undefined;

const programOf = ({ path }: Command, dropIn: DropIn | undefined): string => {
  return dropIn !== undefined && path.join(" ") === STANDALONE.join(" ")
    ? dropIn.called
    : calledBy(path, dropIn);
};

/** What the words say of it before they are understood, so that a mistake in them can be told as JSON too. */
const wantsJson = (words: readonly string[]): boolean =>
  /(?:^|\0)(?:-o[=\0]?|--output[=\0])json(?:\0|$)/.test(words.join("\0"));

/** What looks like a target where a command belongs. */
const TARGET =
  /^(?:svc|services?|po|pods?|deploy|deployments?|sts|statefulsets?|rs|replicasets?)\/|^https?:\/\//;

const unknownCommand = (words: readonly string[]): never => {
  const [word = ""] = words;
  if (TARGET.test(word))
    throw new KnownError("USAGE", `Cannot run "${word}": there is no such command`, {
      hint: `To open it: kauth open ${word}`,
    });
  if (word === "eks")
    throw new KnownError("USAGE", `Cannot run "eks": there is no such command`, {
      hint: "Of aws eks there is only kauth eks get-token.",
    });
  const depth = [2, 1, 0].find((length) => commandsBelow(words.slice(0, length)).length > 0) ?? 0;
  const given = words.slice(0, depth + 1).join(" ");
  const before = words.slice(0, depth);
  const near = nearest(
    words[depth] ?? "",
    commandsBelow(before).map(({ path }) => path[depth] ?? ""),
  );
  throw new KnownError("USAGE", `Cannot run "${given}": there is no such command`, {
    hint:
      near === undefined
        ? `See ${["kauth", ...before].join(" ")} --help.`
        : `Did you mean ${["kauth", ...before, near].join(" ")}?`,
  });
};

export interface Telling {
  readonly signal?: AbortSignal;
  /** The exit status where that has ended it. Default 0. */
  readonly stopped?: number;
  /** Programs read standard output: the error is an event there too. */
  readonly json?: boolean;
  /** Sentences name the command as the person has called it. */
  readonly asCalled?: (text: string) => string;
  /** The first line is what the tool says that we stand for, and nothing else. Default false. */
  readonly exact?: boolean;
}

/** What a person reads of an error, and the exit status. */
export const tellError = (error: unknown, system: System, how: Telling = {}): number => {
  const { signal, stopped = 0, json = false, asCalled = (text: string): string => text, exact = false } = how;
  if (isKnownError(error)) {
    const next = asCalled(error.hint);
    if (json) tellProgram(system, { code: error.code, message: error.message, next });
    system.log.say(exact ? `error: ${error.message}` : `error: ${error.message} [${error.code}]`);
    system.log.say(exact ? `${next} [${error.code}]` : next);
    if (system.log.level >= 4) tellCauses(error, system);
    return error.exit;
  }
  // The person has ended it: that is no fault.
  if (signal?.aborted === true) return stopped;
  const message = `kauth met a fault of its own: ${messageOf(error)}`;
  if (json) tellProgram(system, { message });
  system.log.say(`error: ${message}`);
  system.log.say("Please report it with the command that you ran; -v=4 shows where it happened");
  if (system.log.level >= 4 && error instanceof Error) system.log.say(error.stack ?? "");
  return OWN_FAULT;
};

/** What a program reads of an error. `code` and `next` are missing for a fault of our own. */
export interface ErrorEvent {
  readonly event: "error";
  readonly code?: ErrorCode;
  readonly message: string;
  readonly next?: string;
}

const tellProgram = ({ log }: System, error: Omit<ErrorEvent, "event">): void => {
  // The result is out already, and it says that the user is not known: one document is what is read.
  if (error.code === "IDENTITY_UNKNOWN") return;
  const text = Object.entries(error).map(([key, value]) => [key, redact(value)]);
  log.out(escapeQuoted(JSON.stringify({ event: "error", ...Object.fromEntries(text) })));
};

const tellCauses = (error: Error, system: System): void => {
  for (let cause = error.cause, depth = 0; cause !== undefined && depth < 5; depth++) {
    system.log.say(`  because: ${messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
};
