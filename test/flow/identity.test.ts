import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import type { Answer } from "../http.ts";
import { open, type Opened } from "../opened.ts";

let plugin: Answering;
beforeEach(async () => {
  plugin = await answeringPlugin();
});
afterEach(async () => {
  await plugin[Symbol.asyncDispose]();
});

interface Started {
  readonly ui: Opened;
  readonly get: () => Promise<Answer>;
}

const start = async (...args: readonly string[]): Promise<Started> => {
  const ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig, ...args]);
  return { ui, get: async () => await ui.fetch({ path: "/api/me" }) };
};

describe("R-N4: a plugin that answers as somebody else", () => {
  test.each<[string, readonly string[]]>([
    ["", []],
    [", also where both act as carol", ["--as", "carol"]],
  ])("bob's token carries nothing that alice asked for, and the sessions end%s", async (_name, args) => {
    plugin.demo.cluster.people.add({ username: "carol", uid: "carol-uid", groups: [], rights: "all" });
    const first = await plugin.answer("alice");
    const { ui, get } = await start(...args);
    await using _ = ui;
    expect((await get()).text).toContain('"user":"alice"');
    const before = plugin.demo.app.requests.length;
    await plugin.answer("bob");
    plugin.demo.cluster.people.revoke(first);
    // Connections that were open are cut with the sessions.
    await Promise.allSettled(Array.from({ length: 20 }, async () => await get()));
    const { status, text } = await get();
    expect(status).toBe(504);
    expect(text).toContain("IDENTITY_CHANGED");
    expect(await ui.event("identity")).toMatchObject({ from: "alice", to: "bob" });
    expect(plugin.demo.app.requests.slice(before).filter(({ user }) => user === "bob")).toEqual([]);
  });
});

describe("C.3: after a failed login", () => {
  test("the plugin is not run again, and what has to be done is said", async () => {
    const first = await plugin.answer("alice");
    const { ui, get } = await start();
    await using _ = ui;
    await get();
    const before = await plugin.runs();
    await plugin.fail();
    plugin.demo.cluster.people.revoke(first);
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await get()));
    for (const { status, text } of answers) {
      expect(status).toBe(504);
      expect(text).toContain("EXEC_FAILED");
      expect(text).not.toContain("canary");
    }
    expect(await ui.event("sign-in")).toMatchObject({ state: "failed", code: "EXEC_FAILED" });
    for (let turn = 0; turn < 5; turn += 1) await get();
    expect(await plugin.runs()).toBe(before + 1);
  });
});

test("F11: a hundred at once when the token ends run the plugin once, and what is in flight goes on", async () => {
  await plugin.answer("alice", 3_000);
  const over = Date.now() + 3_200;
  const { ui, get } = await start();
  await using _ = ui;
  expect((await get()).status).toBe(200);
  // Sent with the first token, and answered after its end.
  const flying = ui.fetch({ path: "/slow?ms=3500" });
  await plugin.answer("alice");
  const before = await plugin.runs();
  await expect.poll(() => Date.now() > over, { timeout: 10_000 }).toBe(true);
  const answers = await Promise.all(Array.from({ length: 100 }, async () => await get()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  expect((await plugin.runs()) - before).toBe(1);
  expect(await flying).toMatchObject({ status: 200, text: "slow\n" });
});
