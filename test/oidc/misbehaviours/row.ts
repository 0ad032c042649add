import type { Bend } from "../bend.ts";
import type { BrowserSettings } from "../browser.ts";

/** One way in which a provider is no good, and what has to come of it. */
export interface Misbehaviour {
  readonly name: string;
  readonly bend: Bend;
  /** Arguments besides the usual ones. */
  readonly args?: readonly string[];
  readonly https?: boolean;
  /** Offers pushed authorization requests. */
  readonly par?: boolean;
  /** What discovery says of how clients prove themselves. */
  readonly authMethods?: readonly string[];
  /** How often a browser was opened. Default: once at most. */
  readonly opened?: number;
  readonly browser?: Partial<BrowserSettings>;
  /**
   * How it goes on: `refused`: exit 1, nothing on stdout; `served`: the sign-in succeeds all the same.
   * Default: refused.
   */
  readonly outcome?: "refused" | "served";
  /** kauth's error. */
  readonly code?: string;
  /** Requests to paths that must have been counted. */
  readonly counts?: Readonly<Record<string, number>>;
  /** In the message, besides the code. */
  readonly says?: string;
  /** Why another program is let off: what kubelogin does instead (oidc.md). */
  readonly kubelogin?: string;
}
