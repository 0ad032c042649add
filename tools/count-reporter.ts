import { appendFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** Of the text of a failure; the rest stands where the test ran. */
const REASON_MAX = 500;

/**
 * Appends `passed failed skipped` of a run to the file that `KAUTH_TEST_COUNTS` names, for `.ci/run` to add up, and each
 * test that failed with its reason to the same name with `.failures`, for it to print where everybody looks: at the end.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const path = process.env["KAUTH_TEST_COUNTS"];
    if (path === undefined || path === "") return;
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") {
          own += 1;
          note(path, `${module.moduleId} > ${test.fullName}`, test.result().errors);
        } else skipped += 1;
      }
      // A file that could not be loaded has no tests to fail.
      const unloaded = own === 0 && module.state() === "failed";
      if (unloaded) note(path, module.moduleId, module.errors());
      failed += unloaded ? 1 : own;
    }
    for (const error of errors) note(path, "outside a test", [error]);
    appendFileSync(path, `${passed} ${failed} ${skipped}\n`);
  }
}

const note = (path: string, name: string, errors: readonly unknown[] = []): void => {
  const reasons = errors.map((error) =>
    typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error),
  );
  const text = reasons.join("; ").replace(/\s+/g, " ").slice(0, REASON_MAX);
  appendFileSync(`${path}.failures`, `${name}: ${text}\n`);
};
