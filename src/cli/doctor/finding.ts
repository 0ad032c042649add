/**
 * `none`: there is nothing of the kind here. `untried`: something before it failed. Only `bad` makes the command fail.
 */
export type State = "ok" | "warning" | "bad" | "none" | "untried";

/** One line of the report. */
export interface Finding {
  /** For programs; the same in every release. */
  readonly id: string;
  readonly state: State;
  /** What was looked at, in a few words. */
  readonly subject: string;
  /** What is so, or why not. May hold remote text: it is cleaned when it is printed. */
  readonly found: string;
  /** What to do next. */
  readonly next?: string | undefined;
}

/** A finding whose name and subject are those of the check, unless it says otherwise. */
export type Note = Pick<Finding, "state" | "found" | "next"> & Partial<Finding>;

export const MARKS: Readonly<Record<State, string>> = {
  ok: "✓",
  warning: "!",
  bad: "✗",
  none: "–",
  untried: "–",
};

/** What a check says that could not be made. */
export const UNTRIED = { state: "untried", found: "not tried: something above has to work first" } as const;

/** `2026-01-02T03:04:05Z` */
export const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
