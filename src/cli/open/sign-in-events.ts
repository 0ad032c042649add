import { isKnownError, messageOf } from "../../base/errors.ts";
import { redact } from "../../base/redact.ts";
import type { System } from "../../base/system.ts";
import type { Report } from "./report.ts";
import type { SignIn } from "./sign-in.ts";

/** Tells of a login that failed, and of how it goes on; each state once. */
export function reportSignIn(source: SignIn, report: Report, system: System): void {
  source.onChange((state) => {
    const error = state.kind === "failed" ? state.error : undefined;
    const retryAt = state.kind === "failed" ? state.retryAt : undefined;
    report.emit({
      event: "sign-in",
      state: state.kind,
      code: isKnownError(error) ? error.code : undefined,
      message: error === undefined ? undefined : redact(messageOf(error)),
      next: isKnownError(error) ? redact(error.hint) : undefined,
      retryInSeconds:
        retryAt === undefined ? undefined : Math.max(1, Math.round((retryAt - system.monotonic()) / 1000)),
    });
  });
}
