import type { PluginRun } from "./plugin.ts";
import type { Seen } from "./recorder.ts";

/** What came of one program with one kubeconfig: everything that the two are compared by. */
export interface Outcome {
  readonly done: boolean;
  /** The first line of the error, without the program's own wrapping; "" where all went well. */
  readonly message: string;
  /** What else it said on standard error, a line each. */
  readonly said: readonly string[];
  /** The requests that reached an API server. */
  readonly requests: readonly Seen[];
  /** What proxies were asked for. */
  readonly proxied: readonly string[];
  /** What the identity provider was asked for. */
  readonly provider: readonly string[];
  readonly runs: readonly PluginRun[];
  /** Kubeconfigs that are another value than before, by their path. */
  readonly written: Readonly<Record<string, unknown>>;
}
