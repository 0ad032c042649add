import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Tool {
  readonly name: string;
  /** The program, or why there is none. */
  readonly found: { readonly path: string } | { readonly missing: string };
}

/** Where programs that only tests need are kept: below the person's cache directory. */
export async function toolCache(env: NodeJS.ProcessEnv): Promise<string> {
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kauth-test-plugins");
  await mkdir(cache, { recursive: true });
  return cache;
}

/** Undefined when all went well, else what it said at last. */
export const runQuietly = async (
  file: string,
  args: readonly string[],
  env = process.env,
): Promise<string | undefined> => {
  const child = spawn(file, [...args], { stdio: ["ignore", "pipe", "pipe"], env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => (said = (said + part.toString()).slice(-2_000)));
  const failed = once(child, "error").then(([error]: readonly unknown[]) => String(error));
  const ended = once(child, "close").then(() => (child.exitCode === 0 ? undefined : said.trim()));
  return await Promise.race([failed, ended]);
};

export interface PythonTool {
  /** For people. */
  readonly name: string;
  /** Of its directory in the cache; has the version in it. */
  readonly directory: string;
  readonly packages: readonly string[];
  /** In the environment's `bin`. */
  readonly program: string;
}

const there = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

/** From PyPI, in a virtual environment. Such a one cannot be moved, so a file says when it is whole. */
export async function pythonTool(wish: PythonTool, env: NodeJS.ProcessEnv): Promise<Tool> {
  const { name, packages } = wish;
  const directory = join(await toolCache(env), wish.directory);
  const path = join(directory, "bin", wish.program);
  const whole = join(directory, "whole");
  if ((await there(path)) && (await there(whole))) return { name, found: { path } };
  const python = ["python3", "python"].find(
    (each) => spawnSync(each, ["-c", "import ensurepip, venv"]).status === 0,
  );
  if (python === undefined) return { name, found: { missing: "there is no Python with venv" } };
  await rm(directory, { recursive: true, force: true });
  const fault =
    (await runQuietly(python, ["-m", "venv", directory])) ??
    (await runQuietly(join(directory, "bin", "pip"), [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      ...packages,
    ]));
  if (fault !== undefined) return { name, found: { missing: fault } };
  await writeFile(whole, "");
  return { name, found: { path } };
}
