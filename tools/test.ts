import { spawnSync } from "node:child_process";
import { haveBrowser, wantPrograms } from "./programs.ts";

/**
 * `npm test`: gets the browsers and keyrings that are missing, builds (some tests run the built program), then runs every test
 * that needs no cluster.
 */
const run = (file: string, args: readonly string[]): boolean =>
  spawnSync(file, [...args], { stdio: "inherit" }).status === 0;

await wantPrograms();
if (!(await haveBrowser())) process.exit(1);
const projects = ["unit", "fuzz", "flow", "oidc", "faults", "browser"].flatMap((name) => ["--project", name]);
const passed =
  run("npm", ["run", "build", "--silent"]) &&
  run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...projects, ...process.argv.slice(2)]);
process.exit(passed ? 0 : 1);
