import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * `npm run build:binary`: one file that needs neither Node nor npm, and the names that kubectl looks for. Bytecode
 * halves the start, which kubectl pays at each call of a plugin.
 */
const DIRECTORY = "build";
const NAMES = [
  "kubectl-auth_proxy",
  "kubectl_complete-auth_proxy",
  "kubectl-oidc_login",
  "kubectl_complete-oidc_login",
];

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY, { recursive: true });
const { status } = spawnSync(
  "bun",
  [
    "build",
    "--compile",
    "--bytecode",
    "--format=esm",
    // What a command does not need is not even looked at: a fourth of the start.
    "--splitting",
    "--minify",
    // From what is built for Node: there a part of the runtime is loaded when it is first used (tools/builtins.ts).
    join("dist", "cli", "bin", "kauth.js"),
    "--outfile",
    join(DIRECTORY, "kauth"),
  ],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);
for (const name of NAMES) symlinkSync("kauth", join(DIRECTORY, name));
