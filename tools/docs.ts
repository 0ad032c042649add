import { readFileSync, writeFileSync } from "node:fs";
import { PAGES } from "./reference.ts";

/** `npm run generate` writes the reference pages; with `--check` it compares and says which one is old. */
const check = process.argv.includes("--check");
for (const [path, render] of Object.entries(PAGES)) {
  const wanted = render();
  if (!check) {
    writeFileSync(path, wanted);
    continue;
  }
  let found = "";
  try {
    found = readFileSync(path, "utf8");
  } catch {
    // A missing page differs at its first line.
  }
  if (found === wanted) continue;
  const old = found.split("\n");
  const line = wanted.split("\n").findIndex((text, index) => text !== old[index]);
  process.stderr.write(`${path} is not what the code says, from line ${line + 1} on: run npm run generate\n`);
  process.exitCode = 1;
}
