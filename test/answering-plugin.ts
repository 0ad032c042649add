import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Demo, DemoOptions } from "../src/demo/index.ts";
import { testDemo } from "./demo.ts";

/** A plugin whose answer the test writes; each run is noted. */
const PLUGIN = `
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
const at = process.argv[2];
appendFileSync(at + ".runs", "x");
const text = readFileSync(at, "utf8");
if (text === "hang") {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  appendFileSync(at + ".pids", process.pid + "\\n" + child.pid + "\\n");
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
}
if (text === "fail") { console.error("canary: the login failed"); process.exit(1); }
const { token, life } = JSON.parse(text);
console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
  status: { token, ...(life === undefined ? {} : { expirationTimestamp: new Date(Date.now() + life).toISOString() }) } }));
`;

export interface Answering extends AsyncDisposable {
  readonly demo: Demo;
  readonly directory: string;
  /** How often the plugin ran. */
  runs(): Promise<number>;
  /** From now on it gives a new token of that person; `life` in milliseconds. Resolves to the token. */
  answer(username: string, life?: number): Promise<string>;
  /** From now on it fails. */
  fail(): Promise<void>;
  /** From now on it starts another program, and neither ends. */
  hang(): Promise<void>;
  /** Of these, those that still run. */
  orphans(): Promise<readonly string[]>;
}

/** The demo's cluster, with a person whose plugin does what a test says. */
export async function answeringPlugin(options: Pick<DemoOptions, "pods" | "more"> = {}): Promise<Answering> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-identity-"));
  const at = (name: string): string => join(directory, name);
  await writeFile(at("plugin.mjs"), PLUGIN);
  const demo = await testDemo({
    ...options,
    plugin: { command: process.execPath, args: [at("plugin.mjs"), at("answer")] },
  });
  let made = 0;
  return {
    demo,
    directory,
    runs: async () => (await readFile(at("answer.runs"), "utf8")).length,
    answer: async (username, life) => {
      demo.cluster.people.add({ username, uid: `${username}-uid`, groups: [], rights: "all" });
      const token = `demo-${username}-${(made += 1)}`;
      demo.cluster.people.issue(token, username, life === undefined ? undefined : Date.now() + life);
      await writeFile(at("answer"), JSON.stringify({ token, life }));
      return token;
    },
    fail: async () => await writeFile(at("answer"), "fail"),
    hang: async () => await writeFile(at("answer"), "hang"),
    orphans: async () => {
      const pids = (await readFile(at("answer.pids"), "utf8")).split("\n").filter((pid) => pid !== "");
      const stats = await Promise.all(
        pids.map(async (pid) => await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "0 (x) Z")),
      );
      return stats.filter((stat) => !/^\d+ \(.*\) Z/.test(stat));
    },
    [Symbol.asyncDispose]: async () => {
      await demo[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
