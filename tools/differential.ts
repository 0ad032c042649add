import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import { findKubectl } from "../test/differential/kubectl.ts";

/**
 * `npm run test:differential`: the same kubeconfigs to kubectl and to the built kauth. kubectl is `KAUTH_TEST_KUBECTL`,
 * else the test cluster's, else the one on PATH. Where there is none, that is said, and counts as skipped.
 */
const kubectl = findKubectl(process.env);
if (kubectl === "") {
  process.stdout.write(
    "== npm run test:differential: skipped: no kubectl; set KAUTH_TEST_KUBECTL, or put one on PATH\n",
  );
  const counts = process.env["KAUTH_TEST_COUNTS"] ?? "";
  if (counts !== "") appendFileSync(counts, "0 0 1\n");
  process.exit(0);
}
spawnSync(kubectl, ["version", "--client"], { stdio: "inherit" });
const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "differential", ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: {
      KAUTH_PROGRAM: resolve("dist", "cli", "bin", "kauth.js"),
      ...process.env,
      KAUTH_TEST_KUBECTL: kubectl,
    },
  },
);
process.exit(status ?? 1);
