import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Compiles src into dist, from nothing, and makes the entry files executable. */
rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
const entries = join("dist", "cli", "bin");
for (const name of readdirSync(entries)) if (name.endsWith(".js")) chmodSync(join(entries, name), 0o755);
