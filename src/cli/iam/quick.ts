import { filesNow } from "../../base/files-now.ts";
import { invokedName, realSystem, type System } from "../../base/system.ts";
import { lineAtHand } from "../../iam/token/at-hand.ts";
import type { OptionSpec } from "../command.ts";
import { EKS_OPTIONS, TOKEN_OPTIONS } from "../commands/iam-options.ts";
import { dropInOf } from "../drop-ins.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../globals.ts";
import { checkRuntime, hardenProcess } from "../hardening.ts";
import { parseLine, resolveOptions } from "../options.ts";
import { holding, isConfigured } from "../quick.ts";
import { awsWords } from "./words.ts";

const QUICK: Readonly<Record<string, Readonly<Record<string, OptionSpec>>>> = {
  token: TOKEN_OPTIONS,
  "get-token": EKS_OPTIONS,
};

/** With any of these there may be something to ask, to read or to say. */
const SLOW: readonly string[] = ["config", "role", "role-arn", "profile", "cache", "log-verbosity"];
/** These go together in a way that is a mistake, or with a role. */
const WITH_ROLE: readonly string[] = ["session-name", "forward-session-name", "duration", "session-tag"];

/**
 * The line for a token that is signed with keys of the environment; undefined: this is nothing for it.
 * @throws what the rest of the program has the words for
 */
export async function quickLine(
  args: readonly string[],
  program: string,
  system: System,
): Promise<string | undefined> {
  const words = dropInOf(program)?.words(args) ?? awsWords(args) ?? args;
  const [group, name = "", ...rest] = words;
  const own = group === "iam" && Object.hasOwn(QUICK, name) ? QUICK[name] : undefined;
  if (own === undefined) return undefined;
  const specs: Readonly<Record<string, OptionSpec>> = { ...own, ...COMMON_OPTIONS, ...KLOG_OPTIONS };
  const line = parseLine(rest, specs);
  const command = { path: ["iam", name], options: specs };
  const options = resolveOptions(command, line, { env: system.env, config: new Map() });
  const given = (each: string): boolean => Object.hasOwn(specs, each) && options.list(each).length > 0;
  if (options.boolean("help") || options.count("verbose") > 0 || line.positionals.length > 0)
    return undefined;
  if ([...SLOW, ...WITH_ROLE].some(given) || (await isConfigured(system))) return undefined;
  const named = ["cluster-id", "cluster-name"].find((each) => given(each) && options.string(each) !== "");
  if (named === undefined) return undefined;
  const clusterId = options.string(named) ?? "";
  const tokenOnly = given("token-only") && options.boolean("token-only");
  return await lineAtHand({ clusterId, region: options.string("region"), tokenOnly }, system);
}

/**
 * A token for keys of the environment, as kubectl asks for at each call, without the rest of the program. Whatever is not
 * as plain as that is left to the rest, which begins anew. It is a file of its own, as `oidc/quick.ts` is.
 * @param name as `main` has it
 * @returns whether that was all
 */
export async function answered(name: string): Promise<boolean> {
  const { log, files } = realSystem();
  const held: (() => void)[] = [];
  const system = realSystem(0, { files: filesNow(files), log: holding(log, held) });
  try {
    // What there is to say of the runtime, the rest says.
    if (checkRuntime(system.env).length > 0) return false;
    hardenProcess(system);
    const line = await quickLine(process.argv.slice(2), invokedName(name), system);
    if (line === undefined) return false;
    for (const say of held) say();
    log.out(line);
    return log.fault() === undefined;
  } catch {
    // The rest of the program meets the same, and has the words for it.
    return false;
  }
}
