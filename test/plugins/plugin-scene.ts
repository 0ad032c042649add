import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kauth, type Finished } from "../program.ts";

/** A kubeconfig as the vendor's own tool writes it, and a person who runs `kauth token` with it. */
export interface Scene extends AsyncDisposable {
  /** Has a `bin`, which is first on PATH. */
  readonly directory: string;
  /** A program of that name in `bin`; sh. */
  program(name: string, body: string): Promise<void>;
  token(
    exec: object,
    options?: { readonly env?: NodeJS.ProcessEnv; readonly args?: readonly string[] },
  ): Promise<Finished>;
}

export async function newScene(): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-plugins-"));
  await mkdir(join(directory, "bin"));
  return {
    directory,
    program: async (name, body) => {
      await writeFile(join(directory, "bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    },
    token: async (exec, { env = {}, args = [] } = {}) => {
      const kubeconfig = join(directory, "config");
      const text = JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        preferences: {},
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [
          { name: "c", cluster: { server: "https://cluster.test", "certificate-authority-data": "Y2E=" } },
        ],
        users: [{ name: "u", user: { exec } }],
      });
      await writeFile(kubeconfig, text, { mode: 0o600 });
      const path = `${join(directory, "bin")}:${process.env["PATH"]}`;
      return await kauth(["token", "--kubeconfig", kubeconfig, ...args], {
        HOME: directory,
        PATH: path,
        ...env,
      });
    },
    [Symbol.asyncDispose]: async () => {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
