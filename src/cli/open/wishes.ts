import { KnownError } from "../../base/errors.ts";
import type { ClientConfig, Kubeconfig } from "../../kubeconfig/index.ts";
import { parseTarget, targetText } from "../../route/index.ts";
import type { Invocation } from "../command.ts";
import { readKubeconfig, selectClient } from "../identity.ts";
import type { Meant } from "./by-name.ts";
import type { Wish } from "./pages.ts";

/** One start page lists them, and each has an origin and a tunnel. */
const MOST = 64;

/** A target as it was written, and the context behind its `@`. */
export interface WrittenTarget {
  readonly target: string;
  /** Undefined: the one of the options, or the current one. */
  readonly context: string | undefined;
}

/**
 * `TARGET` or `TARGET@CONTEXT`. No name of Kubernetes holds an `@`, while contexts may: `svc/ui@admin@prod` is of the
 * context `admin@prod`. In a URL it would be a password.
 * @throws {KnownError} TARGET_INVALID
 */
export const splitContext = (text: string): WrittenTarget => {
  const at = /^https?:\/\//i.test(text) ? -1 : text.indexOf("@");
  if (at === -1) return { target: text, context: undefined };
  const context = text.slice(at + 1);
  if (context === "")
    throw new KnownError("TARGET_INVALID", `Cannot open "${text}": no context stands behind its "@"`, {
      hint: "Write TARGET@CONTEXT, or leave the @ out",
    });
  return { target: text.slice(0, at), context };
};

export interface Wishes {
  readonly wishes: readonly Wish[];
  /** What they were read from. */
  readonly kubeconfig: Kubeconfig;
  /** Whether the current context chose one of them. */
  readonly current: boolean;
}

/** Of one cluster or one person: with two of them, the credential of one would go to the other. */
const OF_ONE = [
  "cluster",
  "user",
  "server",
  "token",
  "username",
  "password",
  "client-certificate",
  "client-key",
];

/** Before anything is dialled. @throws {KnownError} USAGE */
const refuseForSeveral = (
  { options }: Pick<Invocation, "options">,
  configs: ReadonlyMap<string | undefined, ClientConfig>,
): void => {
  if (new Set([...configs.values()].map(({ contextName }) => contextName)).size < 2) return;
  const given = OF_ONE.find((name) => (options.string(name) ?? "") !== "");
  if (given === undefined) return;
  throw new KnownError(
    "USAGE",
    `Cannot open targets of several contexts with --${given}: it is of one of them, and would count for all`,
    { hint: "Leave it out, or open the targets of one context at a time" },
  );
};

/** Whether the current context counts where a target names none. */
export const isCurrent = ({ options }: Pick<Invocation, "options">): boolean =>
  options.string("context") === undefined;

/** What a word means in a cluster; undefined: the person does not want to say. */
export type Naming = (target: string, config: ClientConfig) => Promise<Meant | undefined>;

/**
 * What is to be opened where. One that is named twice is opened once; nothing is opened where one of them was left open.
 * @param naming default: what it is by itself @throws {KnownError}
 */
export async function wishesOf(
  invocation: Invocation,
  targets: readonly string[],
  naming: Naming = (target) => Promise.resolve({ reference: parseTarget(target) }),
): Promise<Wishes | undefined> {
  // What is wrong with the words is told before any file is read.
  const written = targets.map((text) => {
    const { target, context } = splitContext(text);
    parseTarget(target);
    return { context, target };
  });
  if (written.length > MOST)
    throw new KnownError("USAGE", `Cannot open ${written.length} targets at once: at most ${MOST}`, {
      hint: "Open the others with a second kauth, with --address",
    });
  const kubeconfig = await readKubeconfig(invocation);
  const configs = new Map<string | undefined, ClientConfig>();
  const wishes = new Map<string, Wish>();
  for (const { context } of written)
    if (!configs.has(context)) configs.set(context, await selectClient(invocation, kubeconfig, context));
  refuseForSeveral(invocation, configs);
  for (const { context, target } of written) {
    const config = configs.get(context);
    if (config === undefined) throw new TypeError("each context has been selected");
    // The current one may also have been named.
    const same = [...configs.values()].find((each) => each.contextName === config.contextName) ?? config;
    const meant = await naming(target, same);
    if (meant === undefined) return undefined;
    const { reference } = meant;
    const namespace = reference.namespace ?? same.namespace;
    const name = JSON.stringify([same.contextName, namespace, targetText(reference), reference.port]);
    if (!wishes.has(name)) wishes.set(name, { config: same, ...meant });
  }
  const current = isCurrent(invocation) && written.some(({ context }) => context === undefined);
  return { wishes: [...wishes.values()], kubeconfig, current };
}
