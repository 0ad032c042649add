import { isKnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { millis } from "../../base/units.ts";
import type { ClientConfig, Kubeconfig } from "../../kubeconfig/index.ts";
import { changedFields, lasting } from "./config-facts.ts";

/** Somebody who has just switched the context looks at the terminal about that soon. */
const LOOK_EVERY = millis(2_000);

/** Editors and kubectl replace a file in some milliseconds; what cannot be read twice cannot be read. */
const FAILURES = 2;

const UNREADABLE = "it cannot be read any more";

/** Disposing ends it. */
export interface KubeconfigWatch extends Disposable {
  /** What is other than at the start for who was selected so, for people. Undefined: nothing. */
  readonly notice: (config: ClientConfig) => string | undefined;
}

export interface KubeconfigWatchOptions {
  readonly system: System;
  /** As it was read at the start. */
  readonly first: Kubeconfig;
  /** What pages are served with, whatever the files say later. */
  readonly configs: readonly ClientConfig[];
  /** Whether the current context chose one of them. */
  readonly current: boolean;
  readonly read: () => Promise<Kubeconfig>;
  /** Undefined: the current context. @throws {KnownError} */
  readonly select: (kubeconfig: Kubeconfig, context: string | undefined) => Promise<ClientConfig>;
  /** Sentences with names and no values. None: it is as it was at the start again. */
  readonly onChange: (changes: readonly string[]) => void;
}

const quote = (name: string | undefined): string => `"${escapeLine(name ?? "")}"`;

/** What differs in one context, by names only. */
const differences = (before: ClientConfig, after: ClientConfig): readonly string[] => {
  const chosen = (["clusterName", "userName", "namespace"] as const)
    .filter((key) => before[key] !== after[key])
    .map((key) => key.replace("Name", ""));
  const cluster =
    before.clusterName === after.clusterName ? changedFields(before.cluster, after.cluster) : [];
  const user =
    before.userName === after.userName ? changedFields(lasting(before.user), lasting(after.user)) : [];
  return [
    ...(chosen.length === 0 ? [] : [`context ${quote(before.contextName)}: other ${chosen.join(", ")}`]),
    ...(cluster.length === 0 ? [] : [`cluster ${quote(before.clusterName)}: other ${cluster.join(", ")}`]),
    ...(user.length === 0 ? [] : [`user ${quote(before.userName)}: other ${user.join(", ")}`]),
  ];
};

interface Change {
  readonly text: string;
  /** Undefined: it is about all. */
  readonly of: ClientConfig | undefined;
}

/** Contexts may share a user. */
const textsOf = (changes: readonly Change[]): readonly string[] => [
  ...new Set(changes.map(({ text }) => text)),
];

/** One text for whatever the change is. */
export const changeText = (changes: readonly string[]): string =>
  changes.length === 0
    ? "The kubeconfig is as it was when kauth started"
    : `The kubeconfig has changed: ${changes.join("; ")}. kauth goes on with what it started with; start it again to follow`;

/**
 * Looks at the kubeconfigs until it is disposed of. What was selected at the start stays, and a change is told, not
 * followed: a page must not become another person's, or another cluster's, by `kubectl config use-context` (issue D.5).
 * Files that an entry names and what plugins print are read anew as ever, and are no change.
 */
export function watchKubeconfig(options: KubeconfigWatchOptions): KubeconfigWatch {
  const { system, first, configs, read } = options;
  const ended = new AbortController();
  let told: readonly Change[] = [];
  let failures = 0;

  const compare = async (now: Kubeconfig): Promise<readonly Change[]> => {
    const found: Change[] = [];
    if (options.current && now.currentContext !== first.currentContext)
      found.push({
        text: `current-context is ${quote(now.currentContext)}, no longer ${quote(first.currentContext)}`,
        of: undefined,
      });
    for (const config of configs) {
      const { contextName } = config;
      try {
        const after = await options.select(now, contextName);
        found.push(...differences(config, after).map((text) => ({ text, of: config })));
      } catch (error) {
        const gone = isKnownError(error, "CONTEXT_UNKNOWN");
        const how = gone ? "is gone" : "can no longer be used";
        found.push({ text: `context ${quote(contextName)} ${how}`, of: config });
      }
    }
    return found;
  };

  const look = async (): Promise<readonly Change[] | undefined> => {
    try {
      const changes = await compare(await read());
      failures = 0;
      return changes;
    } catch {
      failures += 1;
      return failures < FAILURES ? undefined : [{ text: UNREADABLE, of: undefined }];
    }
  };

  const traces = async (): Promise<string | undefined> => {
    const facts = await Promise.all(first.sources.map(async (path) => await system.files.facts(path)));
    // What came through a pipe can be read once only.
    return facts.some((each) => each?.kind === "other") ? undefined : JSON.stringify(facts);
  };

  const run = async (): Promise<void> => {
    // None, so that what changed while kauth was starting is seen by the first look.
    let seen = "";
    for (;;) {
      // First, since a look reads all again and kauth is starting.
      await system.sleep(LOOK_EVERY, ended.signal);
      const now = await traces();
      if (now === undefined) return;
      if (now !== seen || failures > 0) {
        seen = now;
        const changes = await look();
        if (changes !== undefined && textsOf(changes).join() !== textsOf(told).join()) {
          told = changes;
          options.onChange(textsOf(changes));
        }
      }
    }
  };
  // Only the end of the wait ends it.
  run().catch((): void => undefined);
  return {
    notice: (config) => {
      const own = told.filter(({ of }) => of === undefined || of === config);
      return own.length === 0 ? undefined : changeText(textsOf(own));
    },
    [Symbol.dispose]: () => ended.abort(),
  };
}
