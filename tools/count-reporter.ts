import { appendFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** Appends `passed failed skipped` of a run to the file that `KAUTH_TEST_COUNTS` names, for `.ci/run` to add up. */
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
        else if (state === "failed") own += 1;
        else skipped += 1;
      }
      // A file that could not be loaded has no tests to fail.
      failed += own === 0 && module.state() === "failed" ? 1 : own;
    }
    appendFileSync(path, `${passed} ${failed} ${skipped}\n`);
  }
}
