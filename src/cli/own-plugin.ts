import { logTo } from "../base/log.ts";
import { sharedValues, type System } from "../base/system.ts";
import type { OwnCall, OwnProgram } from "../credentials/index.ts";
import { dropInOf } from "./drop-ins.ts";

/** Commands that answer as a credential plugin and keep nothing of the process that they run in. */
const IN_PROCESS: readonly (readonly string[])[] = [["oidc", "get-token"]];

/** Runs kauth's own plugins in process, so that a program that serves need not start itself again (issue E.6). */
export const ownPlugin =
  (system: System): OwnProgram =>
  (call) => {
    const words = wordsOf(call);
    if (words === undefined || !IN_PROCESS.some((path) => path.every((word, index) => words[index] === word)))
      return undefined;
    return runInside(call, system);
  };

/** Undefined: the command line is another tool's, and its process says so. */
const wordsOf = ({ name, args }: OwnCall): readonly string[] | undefined => {
  try {
    return dropInOf(name)?.words(args) ?? args;
  } catch {
    return undefined;
  }
};

const runInside = async (call: OwnCall, system: System): Promise<number> => {
  // Loaded only for this: it has all commands.
  const { run } = await import("./run.ts");
  const { name, args, env, interactive, signal, out, err } = call;
  // Looked at when somebody asks, as of a process that has just started.
  const terminal = (is: boolean): boolean => interactive && is;
  return await run({
    args,
    program: name,
    signal,
    system: (level): System => ({
      ...system,
      env,
      // Who asks is this process, whoever started it.
      parent: system.pid,
      home: system.platform === "win32" ? system.home : (env["HOME"] ?? ""),
      stdinIsTerminal: terminal(system.stdinIsTerminal),
      stdoutIsTerminal: false,
      stderrIsTerminal: terminal(system.stderrIsTerminal),
      shared: sharedValues(),
      // An address to open or a code to type is of no use with a part taken out, as lines of other plugins are shown.
      log: { ...logTo({ out, err }, level), show: (text) => system.log.show(text) },
    }),
  });
};
