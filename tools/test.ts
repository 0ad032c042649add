import { spawnSync } from "node:child_process";
import { findChromium } from "../test/chromium.ts";
import { aptInstall } from "./apt.ts";

/**
 * `npm test`: gets a browser where none is installed, builds (some tests run the built program), then runs every test
 * that needs no cluster.
 */
const run = (file: string, args: readonly string[]): boolean =>
  spawnSync(file, [...args], { stdio: "inherit" }).status === 0;

if ((await findChromium()) === undefined) {
  const installed = aptInstall("chromium");
  if (!installed || (await findChromium()) === undefined) {
    process.stderr.write(
      "The browser tests need Chrome or Chromium. Install one, or name it with CHROME_PATH, then run npm test again\n",
    );
    process.exit(1);
  }
}
const projects = ["unit", "flow", "browser"].flatMap((name) => ["--project", name]);
const passed =
  run("npm", ["run", "build", "--silent"]) &&
  run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...projects, ...process.argv.slice(2)]);
process.exit(passed ? 0 : 1);
