import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], timeout: number, serial = false) => ({
  test: {
    name,
    include,
    testTimeout: timeout,
    hookTimeout: timeout,
    ...(serial ? { fileParallelism: false, maxWorkers: 1 } : {}),
  },
});

export default defineConfig({
  test: {
    // Concurrent tests of test/oidc wait far more than they work.
    maxConcurrency: 10,
    reporters: ["default", "./tools/count-reporter.ts"],
    projects: [
      project("unit", ["src/**/*.test.ts", "test/*.test.ts"], 20_000),
      project("fuzz", ["test/fuzz/**/*.test.ts"], 240_000),
      project("flow", ["test/flow/**/*.test.ts"], 60_000),
      project("oidc", ["test/oidc/**/*.test.ts"], 180_000),
      project("faults", ["test/faults/**/*.test.ts"], 120_000),
      project("browser", ["test/browser/**/*.test.ts"], 120_000, true),
      project("binary", ["test/binary/**/*.test.ts", "test/flow/**/*.test.ts"], 60_000),
      project("plugins", ["test/plugins/**/*.test.ts"], 60_000),
      project("differential", ["test/differential/**/*.test.ts"], 60_000),
      project("e2e", ["e2e/**/*.test.ts"], 180_000, true),
    ],
  },
});
