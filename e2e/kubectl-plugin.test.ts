import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { follow } from "../test/http.ts";
import { openKit, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

test("kubectl auth-proxy takes kauthproxy's arguments", async () => {
  const root = dirname(import.meta.dirname);
  const entry = join(root, "dist", "cli", "bin", "kubectl-auth_proxy.js");
  await chmod(entry, 0o755);
  const bin = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
  await symlink(entry, join(bin, "kubectl-auth_proxy"));
  const child = spawn(
    kit.kubectl,
    [
      "auth-proxy",
      "http://ui.svc",
      "-n",
      "apps",
      "--skip-open-browser",
      "--address",
      "127.0.0.1:0",
      "-v=1",
      "--kubeconfig",
      kit.kubeconfig("exec"),
    ],
    {
      env: {
        PATH: [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter),
        HOME: bin,
        KAUTH_HOME: join(bin, "kauth"),
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let stderr = "";
  const link = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      const found = /http:\/\/\S+\/__kauth\/launch#\S+/.exec(stderr);
      if (found !== null) resolve(found[0]);
    });
    child.once("close", () => reject(new Error(`kubectl auth-proxy ended: ${stderr}`)));
  });
  const me = await (await follow(link)).get("/api/me");
  expect(JSON.parse(me.text)).toMatchObject({ user: "alice", authorizationHeaderCount: 1 });
  const closed = once(child, "close");
  child.kill("SIGINT");
  await closed;
  expect(child.exitCode, stderr).toBe(0);
  await rm(bin, { recursive: true, force: true });
});
