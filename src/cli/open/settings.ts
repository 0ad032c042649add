import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import type { ExecOptions } from "../../credentials/index.ts";
import { choiceOf } from "../choice.ts";
import type { Invocation } from "../command.ts";
import { pluginRules } from "../identity.ts";
import type { Leg } from "../../proxy/index.ts";
import type { Carrier } from "../../tunnel/index.ts";

/** What the flags of `kauth open` say, checked. */
export interface OpenSettings {
  readonly target: string;
  readonly addresses: readonly string[];
  readonly openBrowser: boolean;
  readonly origin: "name" | "ip";
  readonly carrier: "auto" | Carrier;
  readonly anonymous: boolean;
  /** Which way requests of the Kubernetes API go. */
  readonly leg: Leg;
  readonly sendBroadToken: boolean;
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
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0)
    throw new KnownError(
      "USAGE",
      target === undefined
        ? "Cannot open: no target was given"
        : `Cannot open ${positionals.length} targets at once: "${positionals.join(" ")}"`,
      { hint: portForwardHint(positionals) ?? "Name one target, e.g. kauth open svc/headlamp -n headlamp" },
    );
  const anonymous = options.boolean("anonymous");
  const leg = choiceOf("leg", options.string("leg"), ["pod", "direct"], "pod");
  if (anonymous && leg === "direct")
    throw new KnownError("USAGE", "Cannot open with --anonymous and --leg direct: nobody would be asking", {
      hint: "Leave one of the two out",
    });
  const caPath = options.string("upstream-ca");
  return {
    target,
    addresses: options.list("address").map((text) => addressOf(text, invocation.program)),
    openBrowser: !options.boolean("skip-open-browser"),
    origin: choiceOf("origin", options.string("origin"), ["name", "ip"], "name"),
    carrier: choiceOf("tunnel", options.string("tunnel"), ["auto", "spdy", "websocket"], "auto"),
    anonymous,
    leg,
    sendBroadToken: options.boolean("send-token-to-pod"),
    confirm: options.boolean("confirm"),
    preserveOrigin: options.boolean("preserve-origin"),
    upstreamCa: caPath === undefined ? undefined : await readCa(system, caPath),
    apiTokenFile: options.string("api-token-file"),
    noSession: options.boolean("no-session"),
    output: choiceOf("output", options.string("output"), ["text", "json"], "text"),
    printLink: options.boolean("print-link"),
    plugins: await pluginRules(invocation),
  };
}

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
