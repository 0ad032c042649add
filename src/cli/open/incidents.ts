import { isKnownError, messageOf } from "../../base/errors.ts";
import { redact } from "../../base/redact.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { millis, type Millis } from "../../base/units.ts";
import type { Incident } from "../../proxy/index.ts";
import type { Report } from "./report.ts";

/** A page that does not answer is asked for again and again, and each time for the same reason. */
const QUIET = millis(30_000);

/**
 * Says why pages did not answer: once for each code, then once in 30 s with the number of those in between. Level 1
 * has all of them, with all causes.
 */
export function incidentReports(system: System, report: Report): (incident: Incident) => void {
  // At most one entry a code.
  const seen = new Map<string, { at: Millis; more: number }>();
  return ({ id, error }) => {
    const [code, next] = isKnownError(error) ? [error.code, redact(error.hint)] : [undefined, undefined];
    const message = redact(messageOf(error));
    const now = system.monotonic();
    const last = seen.get(code ?? "");
    // Whoever left has seen no page.
    if (code === "CLIENT_GONE" || (last !== undefined && now - last.at < QUIET)) {
      if (last !== undefined) last.more += 1;
      system.log.verbose(
        1,
        `Incident ${id}: ${escapeLine(message)}${code === undefined ? "" : ` [${code}]`}`,
      );
    } else {
      seen.set(code ?? "", { at: now, more: 0 });
      report.emit({ event: "incident", incident: id, code, message, next, more: last?.more ?? 0 });
    }
    for (const cause of causesOf(error))
      system.log.verbose(1, `Incident ${id}, because: ${escapeLine(messageOf(cause))}`);
  };
}

/** A chain that is longer goes in a circle. */
const CAUSES_MOST = 8;

const causesOf = (error: unknown): readonly unknown[] => {
  const causes: unknown[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && causes.length < CAUSES_MOST) {
    causes.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
};
