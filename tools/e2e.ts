import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { haveBrowser } from "./programs.ts";
import { testCluster } from "./test-cluster.ts";

/**
 * `npm run e2e`: with a test cluster (`KAUTH_E2E_CLUSTER`, or the kit's own) everything; with only a kubeconfig
 * the files that need no special users, workloads or faults.
 */
const cluster = testCluster(process.env);
const everything = cluster !== "";
if (!everything && (process.env["KUBECONFIG"] ?? "") === "") {
  process.stderr.write(
    "Set KAUTH_E2E_CLUSTER to a cluster.json, or KUBECONFIG for the subset that any cluster passes\n",
  );
  process.exit(1);
}
if (everything && !(await haveBrowser())) process.exit(1);
const files = everything ? [] : ["e2e/any-cluster.test.ts"];
if (!everything) process.stdout.write("Only KUBECONFIG is set: running the subset e2e/any-cluster.test.ts\n");
const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "e2e", ...files, ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: {
      KAUTH_PROGRAM: join("dist", "cli", "bin", "kauth.js"),
      ...process.env,
      ...(everything ? { KAUTH_E2E_CLUSTER: cluster } : {}),
    },
  },
);
process.exit(status ?? 1);
