import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directBuiltins, inAscii } from "./builtins.ts";
import { compileEagerly } from "./eager.ts";

/**
 * Compiles src into dist, from nothing. The library stays one file a module; the program becomes a few files, because
 * it starts at each call of a plugin, and to load two hundred files takes longer than the work.
 */
const CLI = join("dist", "cli");
const SOURCES = join("src", "cli");
const ENTRIES = join(SOURCES, "bin");

const run = (file: string, args: readonly string[], quiet: boolean): void => {
  const { status } = spawnSync(file, [...args], {
    stdio: ["ignore", quiet ? "ignore" : "inherit", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
};

rmSync("dist", { recursive: true, force: true });
run("tsc", ["-p", "tsconfig.build.json"], false);
rmSync(CLI, { recursive: true, force: true });
const bundle = (...args: readonly string[]): void =>
  run(
    "bun",
    [
      "build",
      "--target=node",
      "--format=esm",
      "--minify-syntax",
      // Its part of machine code is found by its place, and differs between machines.
      "--external=@napi-rs/keyring",
      "--root",
      SOURCES,
      "--outdir",
      CLI,
      ...args,
    ],
    true,
  );
bundle("--splitting", join(SOURCES, "main.ts"));
// Each entry is one file: all that comes before the compiled code is at hand is in it.
// So is the one command that kubectl waits for at each call.
bundle(join(SOURCES, "oidc", "quick.ts"));
bundle(join(SOURCES, "iam", "quick.ts"));
bundle(
  "--external",
  "../main*",
  "--external",
  "../oidc/quick*",
  "--external",
  "../iam/quick*",
  ...readdirSync(ENTRIES).map((name) => join(ENTRIES, name)),
);
for (const name of readdirSync(join(CLI, "bin"))) {
  const path = join(CLI, "bin", name);
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(/"\.\.\/(main|oidc\/quick|iam\/quick)\.ts"/g, '"../$1.js"'),
  );
}
for (const name of readdirSync(CLI, { recursive: true, encoding: "utf8" }))
  if (name.endsWith(".js"))
    writeFileSync(join(CLI, name), inAscii(directBuiltins(readFileSync(join(CLI, name), "utf8"))));
await compileEagerly(join(CLI, "bin", "kauth.js"));
for (const name of readdirSync(join(CLI, "bin"))) chmodSync(join(CLI, "bin", name), 0o755);
// These are part of the program's files, and their licences ask to be with them.
for (const [name, file] of [
  ["jose", "LICENSE.md"],
  ["oauth4webapi", "LICENSE.md"],
  ["uqr", "LICENSE"],
  ["yaml", "LICENSE"],
] as const)
  copyFileSync(join("node_modules", name, file), join(CLI, `LICENSE-${name}`));
