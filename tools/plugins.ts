import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, constants, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Credential plugins that people really have, for `npm run test:plugins`. They are installed once, below the person's
 * cache directory, each in a directory that names its version.
 */

const AWSCLI = "1.46.3";
const AUTHENTICATOR = "v0.6.13";

export interface Tool {
  readonly name: string;
  /** The program, or why there is none. */
  readonly found: { readonly path: string } | { readonly missing: string };
}

/** Installs what is not there yet. */
export async function installPlugins(env: NodeJS.ProcessEnv): Promise<readonly Tool[]> {
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kauth-test-plugins");
  await mkdir(cache, { recursive: true });
  return await Promise.all([awscli(cache), authenticator(cache)]);
}

const there = async (path: string): Promise<boolean> =>
  await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Undefined when all went well, else what it said at last. */
const run = async (file: string, args: readonly string[], env = process.env): Promise<string | undefined> => {
  const child = spawn(file, [...args], { stdio: ["ignore", "pipe", "pipe"], env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => (said = (said + part.toString()).slice(-2_000)));
  const failed = once(child, "error").then(([error]: readonly unknown[]) => String(error));
  const ended = once(child, "close").then(() => (child.exitCode === 0 ? undefined : said.trim()));
  return await Promise.race([failed, ended]);
};

/** From PyPI, in a virtual environment. Such a one cannot be moved, so a file says when it is whole. */
const awscli = async (cache: string): Promise<Tool> => {
  const name = `aws (awscli ${AWSCLI})`;
  const directory = join(cache, `awscli-${AWSCLI}`);
  const path = join(directory, "bin", "aws");
  const whole = join(directory, "whole");
  if (
    (await there(path)) &&
    (await access(whole).then(
      () => true,
      () => false,
    ))
  )
    return { name, found: { path } };
  const python = ["python3", "python"].find(
    (each) => spawnSync(each, ["-c", "import ensurepip, venv"]).status === 0,
  );
  if (python === undefined) return { name, found: { missing: "there is no Python with venv" } };
  await rm(directory, { recursive: true, force: true });
  const fault =
    (await run(python, ["-m", "venv", directory])) ??
    (await run(join(directory, "bin", "pip"), [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      `awscli==${AWSCLI}`,
    ]));
  if (fault !== undefined) return { name, found: { missing: fault } };
  await writeFile(whole, "");
  return { name, found: { path } };
};

/** From the Go module proxy. */
const authenticator = async (cache: string): Promise<Tool> => {
  const name = `aws-iam-authenticator ${AUTHENTICATOR}`;
  const directory = join(cache, `aws-iam-authenticator-${AUTHENTICATOR}`);
  const path = join(directory, "aws-iam-authenticator");
  if (await there(path)) return { name, found: { path } };
  const go = ["go", "/usr/local/go/bin/go"].find((each) => spawnSync(each, ["version"]).status === 0);
  if (go === undefined) return { name, found: { missing: "there is no Go" } };
  const draft = join(cache, `draft-${process.pid}`);
  const fault = await run(
    go,
    ["install", `sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator@${AUTHENTICATOR}`],
    { ...process.env, GOBIN: draft, GOFLAGS: "" },
  );
  if (fault !== undefined) return { name, found: { missing: fault } };
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  return { name, found: { path } };
};
