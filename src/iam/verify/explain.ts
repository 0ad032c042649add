import { RULES } from "./judge.ts";
import { readToken } from "./reading.ts";
import type { RuleSettings } from "./rules.ts";

/** One rule and what became of it. */
export interface ExplainedRule {
  readonly id: string;
  readonly title: string;
  /** `hidden`: an earlier rule is broken so that there is nothing to look at. */
  readonly outcome: "holds" | "broken" | "hidden";
  /** Only where it is broken. No signature or session token stands in it. */
  readonly reason: string | undefined;
}

/** Every rule, not only the first that is broken. Nothing is asked of anybody. */
export const explainToken = (token: string, settings: RuleSettings): readonly ExplainedRule[] => {
  const reading = readToken(token);
  return RULES.map(({ id, title, applies, fault }) => {
    if (!applies(reading)) return { id, title, outcome: "hidden", reason: undefined };
    const reason = fault(reading, settings);
    return { id, title, outcome: reason === undefined ? "holds" : "broken", reason };
  });
};
