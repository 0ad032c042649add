import type { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { UserPreset } from "../ui/index.ts";
import type { ContextLook } from "./config-contexts.ts";

export type OptionType = "boolean" | "string" | "list" | "count";

export interface OptionSpec {
  readonly type: OptionType;
  /** One letter. */
  readonly short?: string;
  /** Placeholder in help, e.g. `PATH`. */
  readonly value?: string;
  readonly summary: string;
  readonly default?: string;
  /** Accepted and without meaning (klog's and some of kubectl's). Not shown in help. */
  readonly ignored?: boolean;
  /** It has the name of one of kubectl's options and means something else. Default false. */
  readonly own?: boolean;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** Values for completion and help that the command judges by itself, in the words of the tool it stands for. */
  readonly suggests?: readonly string[];
  /** `KAUTH_…` variable; default: derived from command and option name. `false` for none. */
  readonly env?: string | false;
}

/** Options as parsed: booleans, strings, lists, and counts by their long names. */
export interface ParsedOptions {
  boolean(name: string): boolean;
  string(name: string): string | undefined;
  list(name: string): readonly string[];
  count(name: string): number;
}

export interface Invocation {
  readonly system: System;
  readonly options: ParsedOptions;
  readonly positionals: readonly string[];
  /** The name that the program was started by: `kauth`, `kubectl-auth_proxy`, … */
  readonly program: string;
  /** Aborted at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** What is wrong with config.yaml, for a command that works without it; nothing of the file counts then. */
  readonly configFault?: KnownError | undefined;
  /** Of config.yaml: UIs of the person's own, and what they say of others. Default: none. */
  readonly presets?: readonly UserPreset[];
  /** Of config.yaml: how contexts are marked, by their names. Default: none is. */
  readonly contexts?: ReadonlyMap<string, ContextLook>;
}

export interface Command {
  /** Words after `kauth`, e.g. ["open"]. */
  readonly path: readonly string[];
  readonly summary: string;
  /** Positionals in help, e.g. `TARGET`. */
  readonly operands: string;
  readonly description: string;
  readonly examples: readonly { readonly command: string; readonly does: string }[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** It works although config.yaml has a mistake, and tells it. Default false: the mistake ends it. */
  readonly survivesConfig?: boolean;
  /** What 0, 1 and 2 mean of this command, in a sentence each. */
  readonly exit: { readonly done: string; readonly failed: string; readonly refused: string };
  /** It goes on until a person ends it, so that a signal is no failure. Default false. */
  readonly lasting?: boolean;
  /** Loaded when the command runs, so that start-up stays short. Resolves to the exit status. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}
