import { spawnSync } from "node:child_process";
import { access, constants, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pythonTool, runQuietly, toolCache, type Tool } from "./venv.ts";

/**
 * Credential plugins that people really have, for `npm run test:plugins`. They are installed once, below the person's
 * cache directory, each in a directory that names its version.
 */

const AWSCLI = "1.46.3";
const AUTHENTICATOR = "v0.6.13";

/** Installs what is not there yet. */
export async function installPlugins(env: NodeJS.ProcessEnv): Promise<readonly Tool[]> {
  const awscli = {
    name: `aws (awscli ${AWSCLI})`,
    directory: `awscli-${AWSCLI}`,
    packages: [`awscli==${AWSCLI}`],
    program: "aws",
  };
  return await Promise.all([pythonTool(awscli, env), authenticator(await toolCache(env))]);
}

/** From the Go module proxy. */
const authenticator = async (cache: string): Promise<Tool> => {
  const name = `aws-iam-authenticator ${AUTHENTICATOR}`;
  const directory = join(cache, `aws-iam-authenticator-${AUTHENTICATOR}`);
  const path = join(directory, "aws-iam-authenticator");
  const there = access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (await there) return { name, found: { path } };
  const go = ["go", "/usr/local/go/bin/go"].find((each) => spawnSync(each, ["version"]).status === 0);
  if (go === undefined) return { name, found: { missing: "there is no Go" } };
  const draft = join(cache, `draft-${process.pid}`);
  const fault = await runQuietly(
    go,
    ["install", `sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator@${AUTHENTICATOR}`],
    { ...process.env, GOBIN: draft, GOFLAGS: "" },
  );
  if (fault !== undefined) return { name, found: { missing: fault } };
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  return { name, found: { path } };
};
