import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directBuiltins, inAscii } from "./builtins.ts";

/**
 * Compiles src into dist, from nothing. The library stays one file a module; the program becomes a few files, because
 * it starts at each call of a plugin, and to load two hundred files takes longer than the work.
 */
const CLI = join("dist", "cli");
const ENTRIES = join("src", "cli", "bin");

const run = (file: string, args: readonly string[], quiet: boolean): void => {
  const { status } = spawnSync(file, [...args], {
    stdio: ["ignore", quiet ? "ignore" : "inherit", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
};

rmSync("dist", { recursive: true, force: true });
run("tsc", ["-p", "tsconfig.build.json"], false);
rmSync(CLI, { recursive: true, force: true });
run(
  "bun",
  [
    "build",
    "--target=node",
    "--format=esm",
    "--splitting",
    "--minify-syntax",
    "--root",
    join("src", "cli"),
    "--outdir",
    CLI,
    ...readdirSync(ENTRIES).map((name) => join(ENTRIES, name)),
  ],
  true,
);
for (const name of readdirSync(CLI, { recursive: true, encoding: "utf8" }))
  if (name.endsWith(".js"))
    writeFileSync(join(CLI, name), inAscii(directBuiltins(readFileSync(join(CLI, name), "utf8"))));
for (const name of readdirSync(join(CLI, "bin"))) chmodSync(join(CLI, "bin", name), 0o755);
// The YAML parser is part of the program's files, and its licence asks to be with it.
copyFileSync(join("node_modules", "yaml", "LICENSE"), join(CLI, "LICENSE-yaml"));
