import type { ServiceAccountName } from "../../api/index.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import type { ExecOptions } from "../../credentials/index.ts";
import { choiceOf } from "../choice.ts";
import type { Invocation } from "../command.ts";
import { pluginRules } from "../identity.ts";
import { parseAccount, refuseWithAccount } from "./service-account.ts";
import { checkRecipes, parseRecipe, type Recipe } from "../../ui/index.ts";
import type { LegWish } from "./leg.ts";
import type { Carrier } from "../../tunnel/index.ts";

/** What the flags of `kauth open` say, checked. */
export interface OpenSettings {
  /** As they were written. None: what there is has to be found. */
  readonly targets: readonly string[];
  /** Nothing is opened: what could be is listed. */
  readonly list: boolean;
  readonly addresses: readonly string[];
  readonly openBrowser: boolean;
  readonly origin: "name" | "ip";
  readonly carrier: "auto" | Carrier;
  readonly anonymous: boolean;
  /** Whose token goes into the pod instead of the person's own. */
  readonly serviceAccount: ServiceAccountName | undefined;
  /** Which way requests of the Kubernetes API go. */
  readonly leg: LegWish;
  /** Only what reads passes. */
  readonly readOnly: boolean;
  readonly sendBroadToken: boolean;
  /** `--header`: what is added to each request, beside what the UI's preset adds. */
  readonly headers: readonly Recipe[];
  readonly confirm: boolean;
  readonly preserveOrigin: boolean;
  readonly upstreamCa: string | undefined;
  readonly apiTokenFile: string | undefined;
  readonly noSession: boolean;
  readonly output: "text" | "json";
  readonly printLink: boolean;
  /** How credential plugins may run. */
  readonly plugins: ExecOptions;
}

/** A bundle of some hundred authorities is below 1 MiB. */
const CA_LIMIT = MiB(1);

/** @throws {KnownError} USAGE, exit 2 */
export async function openSettings(invocation: Invocation): Promise<OpenSettings> {
  const { options, positionals, system } = invocation;
  const list = options.boolean("list");
  const output = choiceOf("output", options.string("output"), ["text", "json"], "text");
  refuseWords(positionals, { list, output });
  const anonymous = options.boolean("anonymous");
  const leg = choiceOf("leg", options.string("leg"), ["auto", "pod", "direct"], "auto");
  if (anonymous && leg === "direct")
    throw new KnownError("USAGE", "Cannot open with --anonymous and --leg direct: nobody would be asking", {
      hint: "Leave one of the two out",
    });
  const headers = options.list("header").map(parseRecipe);
  checkRecipes(headers, "USAGE");
  if (anonymous && headers.length > 0)
    throw new KnownError("USAGE", "Cannot open with --anonymous and --header: nobody would be asking", {
      hint: "Leave one of the two out",
    });
  const account = options.string("service-account");
  const serviceAccount = account === undefined ? undefined : parseAccount(account);
  refuseWithAccount({ serviceAccount, anonymous, leg });
  const caPath = options.string("upstream-ca");
  const origin = choiceOf("origin", options.string("origin"), ["name", "ip"], "name");
  if (origin === "ip" && positionals.length > 1)
    throw new KnownError(
      "USAGE",
      `Cannot open ${positionals.length} targets with --origin ip: an address is one origin, and each target needs its own`,
      { hint: "Leave --origin out, or open one target" },
    );
  return {
    targets: positionals,
    list,
    addresses: options.list("address").map((text) => addressOf(text, invocation.program)),
    openBrowser: !options.boolean("skip-open-browser"),
    origin,
    carrier: choiceOf("tunnel", options.string("tunnel"), ["auto", "spdy", "websocket"], "auto"),
    anonymous,
    serviceAccount,
    leg,
    readOnly: options.boolean("read-only"),
    sendBroadToken: options.boolean("send-token-to-pod"),
    headers,
    confirm: options.boolean("confirm"),
    preserveOrigin: options.boolean("preserve-origin"),
    upstreamCa: caPath === undefined ? undefined : await readCa(system, caPath),
    apiTokenFile: options.string("api-token-file"),
    noSession: options.boolean("no-session"),
    output,
    printLink: options.boolean("print-link"),
    plugins: await pluginRules(invocation),
  };
}

/** @throws {KnownError} USAGE */
const refuseWords = (
  words: readonly string[],
  { list, output }: Pick<OpenSettings, "list" | "output">,
): void => {
  if (list && words.length > 0)
    throw new KnownError("USAGE", `Cannot list and open "${words.join(" ")}" at once`, {
      hint: "Leave --list or the target out",
    });
  if (words.slice(1).some(isPorts))
    throw new KnownError("USAGE", `Cannot open "${words.join(" ")}": ports are no target`, {
      hint: portForwardHint(words) ?? "Name a target, e.g. kauth open svc/headlamp -n headlamp",
    });
  // Whoever reads events cannot choose.
  if (!list && words.length === 0 && output === "json")
    throw new KnownError("USAGE", "Cannot open: no target was given", {
      hint: "Name one, or list what there is: kauth open --list --output json",
    });
};

const isPorts = (word: string): boolean => /^\d*(?::[\w-]*)?$/.test(word);

/** What those mean who write the ports as for `kubectl port-forward`: `svc/ui 8080:80`. */
const portForwardHint = ([target = "", ports = "", ...rest]: readonly string[]): string | undefined => {
  const [, local, port = local] = /^(\d*)(?::([\w-]+))?$/.exec(ports) ?? [];
  if (rest.length > 0 || target.includes(":") || port === undefined || port === "") return undefined;
  return `Write the port behind the target: kauth open ${target}:${port} --address 127.0.0.1:${local === "" ? "0" : local}`;
};

/** kauthproxy's own way to write an address is a name. What counts is what is bound: the one that the name stands for. */
const addressOf = (text: string, program: string): string =>
  program === "kubectl-auth_proxy" ? text.replace(/^localhost:/, "127.0.0.1:") : text;

const readCa = async (system: System, path: string): Promise<string> => {
  try {
    return (await system.files.read(path, CA_LIMIT)).toString("utf8");
  } catch (error) {
    throw new KnownError("USAGE", `Cannot read --upstream-ca "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
};
