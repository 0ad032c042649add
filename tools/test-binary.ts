import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** `npm run test:binary`: every command and the gate's corpus on the binary, and the flows that the sources pass. */
const binary = resolve("build", "kauth");
if (!existsSync(binary)) {
  process.stderr.write("There is no build/kauth: run npm run build:binary first\n");
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "binary", ...process.argv.slice(2)],
  { stdio: "inherit", env: { ...process.env, KAUTH_PROGRAM: binary } },
);
process.exit(status ?? 1);
