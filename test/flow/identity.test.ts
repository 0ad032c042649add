import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { ask } from "../http.ts";
import { startOpen, type RunningOpen } from "../program.ts";

/** A plugin whose answer the test writes; each run is noted. */
const PLUGIN = `
import { appendFileSync, readFileSync } from "node:fs";
const at = process.argv[2];
appendFileSync(at + ".runs", "x");
const text = readFileSync(at, "utf8");
if (text === "fail") { console.error("canary: the login failed"); process.exit(1); }
const { token, life } = JSON.parse(text);
console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
  status: { token, ...(life === undefined ? {} : { expirationTimestamp: new Date(Date.now() + life).toISOString() }) } }));
`;

let demo: Demo;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-identity-"));
  await writeFile(join(directory, "plugin.mjs"), PLUGIN);
  demo = await testDemo({
    plugin: { command: process.execPath, args: [join(directory, "plugin.mjs"), join(directory, "answer")] },
  });
});
afterEach(async () => {
  await demo[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const runs = async (): Promise<number> => (await readFile(join(directory, "answer.runs"), "utf8")).length;
let made = 0;
const answer = async (username: string, life?: number): Promise<string> => {
  demo.cluster.people.add({ username, uid: `${username}-uid`, groups: [], rights: "all" });
  const token = `demo-${username}-${(made += 1)}`;
  demo.cluster.people.issue(token, username, life === undefined ? undefined : Date.now() + life);
  await writeFile(join(directory, "answer"), JSON.stringify({ token, life }));
  return token;
};
const fail = async (): Promise<void> => await writeFile(join(directory, "answer"), "fail");

const start = async (): Promise<{
  readonly ui: RunningOpen;
  readonly get: (path?: string) => ReturnType<typeof ask>;
}> => {
  const tokenFile = join(directory, `api-${(made += 1)}`);
  const ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--api-token-file", tokenFile]);
  const apiToken = (await readFile(tokenFile, "utf8")).trim();
  return {
    ui,
    get: async (path = "/api/me") => await ask(ui.origin, { path, headers: { "X-Kauth-Token": apiToken } }),
  };
};

describe("R-N4: a plugin that answers as somebody else", () => {
  test("bob's token carries nothing that alice asked for, and the sessions end", async () => {
    const first = await answer("alice");
    const { ui, get } = await start();
    await using _ = ui;
    expect((await get()).text).toContain('"user":"alice"');
    const before = demo.app.requests.length;
    await answer("bob");
    demo.cluster.people.revoke(first);
    // Connections that were open are cut with the sessions.
    await Promise.allSettled(Array.from({ length: 20 }, async () => await get()));
    const { status, text } = await get();
    expect(status).toBe(504);
    expect(text).toContain("IDENTITY_CHANGED");
    expect(await ui.event("identity")).toMatchObject({ from: "alice", to: "bob" });
    expect(demo.app.requests.slice(before).filter(({ user }) => user === "bob")).toEqual([]);
  });
});

describe("C.3: after a failed login", () => {
  test("the plugin is not run again, and what has to be done is said", async () => {
    const first = await answer("alice");
    const { ui, get } = await start();
    await using _ = ui;
    await get();
    const before = await runs();
    await fail();
    demo.cluster.people.revoke(first);
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await get()));
    for (const { status, text } of answers) {
      expect(status).toBe(504);
      expect(text).toContain("EXEC_FAILED");
      expect(text).not.toContain("canary");
    }
    expect(await ui.event("sign-in")).toMatchObject({ state: "failed", code: "EXEC_FAILED" });
    for (let turn = 0; turn < 5; turn += 1) await get();
    expect(await runs()).toBe(before + 1);
  });
});

test("F11: a hundred at once when the token ends run the plugin once", async () => {
  await answer("alice", 3_000);
  const over = Date.now() + 3_200;
  const { ui, get } = await start();
  await using _ = ui;
  expect((await get()).status).toBe(200);
  await answer("alice");
  const before = await runs();
  await expect.poll(() => Date.now() > over, { timeout: 10_000 }).toBe(true);
  const answers = await Promise.all(Array.from({ length: 100 }, async () => await get()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  expect((await runs()) - before).toBeLessThanOrEqual(1);
});
