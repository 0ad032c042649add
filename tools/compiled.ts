import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** What ends up in it, and how. */
const MADE_OF = ["src", "package.json", "tools/build.ts", "tools/binary.ts"];

/**
 * The compiled program: what `KAUTH_PROGRAM` names, if that is one, else `build/kauth`. That one is built first where it
 * is missing or older than the sources, so that no test of it is left out, and none looks at an old one.
 * @throws {Error} it cannot be built
 */
export function compiledProgram(env: NodeJS.ProcessEnv): string {
  const named = env["KAUTH_PROGRAM"] ?? "";
  if (named !== "" && !/\.[jt]s$/.test(named)) return resolve(named);
  const path = join(ROOT, "build", "kauth");
  const built = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (built !== undefined && built >= newest(MADE_OF)) return path;
  process.stdout.write(
    `build/kauth is ${built === undefined ? "not there" : "older than the sources"}: building it\n`,
  );
  const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", "build:binary"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm run build:binary ended with ${status}: ${stdout}${stderr}`);
  return path;
}

const newest = (names: readonly string[]): number =>
  Math.max(
    ...names.map((name) => {
      const facts = statSync(join(ROOT, name));
      return facts.isDirectory()
        ? newest(readdirSync(join(ROOT, name)).map((each) => join(name, each)))
        : facts.mtimeMs;
    }),
  );
