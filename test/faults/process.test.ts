import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { answeringPlugin } from "../answering-plugin.ts";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { open } from "../opened.ts";
import { kauth, newHome, startOpen } from "../program.ts";
import { startRig } from "./rig.ts";
import { closedWith, echoSocket } from "./transfer.ts";

/** Rows of the fault matrix (security.md §3.3) that are about kauth's own process and its plugin. */

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

test("F13 a plugin that hangs and forks is ended with all it started; a script, a change and a person hear of it", async () => {
  await using plugin = await answeringPlugin();
  const first = await plugin.answer("alice");
  await using ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig, "--exec-timeout", "2"]);
  await plugin.hang();
  plugin.demo.cluster.people.revoke(first);
  const script = ui.fetch({ path: "/api/me" });
  const change = ui.fetch({ method: "POST", path: "/api/me", body: "x" });
  const person = ui.fetch({ path: "/api/me", headers: NAVIGATION });
  // The plugin and what it started.
  await expect.poll(async () => (await plugin.orphans()).length, { timeout: 10_000 }).toBe(2);
  for (const [answer, status, text] of [
    [await script, 504, "EXEC_TIMEOUT"],
    [await person, 503, "EXEC_TIMEOUT"],
    // It waits for 5 s at most, whatever it waits for (R-N5).
    [await change, 504, "not sent"],
  ] as const)
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text) as string]);
  await expect.poll(async () => await plugin.orphans(), { timeout: 10_000 }).toEqual([]);
});

test("F14 a refresh fails while the old token is good: one warning, and no request fails until its end", async () => {
  await using plugin = await answeringPlugin();
  await plugin.answer("alice", 20_000);
  const end = Date.now() + 20_000;
  await using ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  await plugin.fail();
  let failed = 0;
  while (Date.now() < end - 300) {
    if ((await ui.fetch({ path: "/api/me" })).status !== 200) failed += 1;
    await pause(50);
  }
  expect(failed).toBe(0);
  expect(ui.stderr().match(/Cannot refresh your credential yet/g)).toHaveLength(1);
  expect(await plugin.runs()).toBe(2);
  // It was really the old one that served.
  await expect.poll(async () => (await ui.fetch({ path: "/api/me" })).status, { timeout: 10_000 }).toBe(504);
}, 60_000);

describe("F30 SIGTERM", () => {
  test("lets 50 answers end, tells 50 WebSockets, and accepts nothing new", async () => {
    await using rig = await startRig();
    const sockets = await Promise.all(Array.from({ length: 50 }, async () => await echoSocket(rig.ui)));
    const codes = sockets.map(closedWith);
    const slow = Array.from({ length: 50 }, async () => await rig.fetch({ path: "/slow?ms=2500" }));
    const arrived = (): number => rig.demo.app.requests.filter(({ url }) => url.startsWith("/slow")).length;
    await expect.poll(arrived, { timeout: 20_000 }).toBe(50);
    const ended = rig.ui.stop();
    await rig.ui.event("stopping");
    await pause(100);
    await expect(rig.fetch({ path: "/api/me" })).rejects.toThrow("ECONNREFUSED");
    expect(
      (await Promise.all(slow)).filter(({ status, text }) => status === 200 && text === "slow\n"),
    ).toHaveLength(50);
    expect(await Promise.all(codes)).toEqual(sockets.map(() => 1001));
    expect(await ended).toBe(0);
  });

  test("a second one ends at once", async () => {
    await using rig = await startRig();
    const slow = rig.fetch({ path: "/slow?ms=20000" }).catch((error: Error) => error);
    await expect.poll(() => rig.demo.app.requests.some(({ url }) => url.startsWith("/slow"))).toBe(true);
    rig.ui.child.kill("SIGTERM");
    await rig.ui.event("stopping");
    await rig.ui.stop();
    expect(await slow).toBeInstanceOf(Error);
  });
});

describe("F31 a port that is taken is exit 1, names its owner, and no other port is taken", () => {
  const listening = async (): Promise<AsyncDisposable & { readonly port: number }> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return {
      port,
      [Symbol.asyncDispose]: async () => {
        server.close();
        await Promise.resolve();
      },
    };
  };
  const refused = async (port: number, owner: string, kubeconfig: string): Promise<void> => {
    const address = `127.0.0.1:${port}`;
    const words = ["open", "svc/ui", "--skip-open-browser", "--output", "json", "--address", address];
    const { code, stdout, stderr } = await kauth([...words, "--kubeconfig", kubeconfig]);
    expect(code).toBe(1);
    expect(stdout).not.toContain('"event":"ready"');
    expect(stderr).toContain("PORT_TAKEN");
    expect(stderr).toContain(`${address} belongs to ${owner}`);
  };

  test("a program of the same user", async () => {
    await using demo = await testDemo();
    await using squatter = await listening();
    await refused(squatter.port, "a program of yours", demo.kubeconfig);
  });

  test("also where the API server does not answer", async () => {
    await using demo = await testDemo();
    await using squatter = await listening();
    // It takes connections and says nothing.
    await using silent = await listening();
    const config = await readFile(demo.kubeconfig, "utf8");
    const kubeconfig = join(dirname(demo.kubeconfig), "silent");
    await writeFile(kubeconfig, config.replace(demo.cluster.server, `https://127.0.0.1:${silent.port}`), {
      mode: 0o600,
    });
    await refused(squatter.port, "a program of yours", kubeconfig);
  });

  test.runIf(process.getuid?.() === 0)("another user", async () => {
    await using demo = await testDemo();
    const listen = `const s = require("node:net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))`;
    const squatter = spawn(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "-e", listen],
      { cwd: "/", stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
      const [line] = (await once(squatter.stdout, "data")) as [Buffer];
      await refused(Number(line.toString()), "user id 65534", demo.kubeconfig);
    } finally {
      squatter.kill("SIGKILL");
    }
  });
});

describe("F32 the browser", () => {
  test.each([
    ["is not there", "/nowhere/browser"],
    ["fails", "false"],
    // It takes the launch file for its name and sleeps.
    ["hangs", "sh -c sleep\t15"],
  ])("%s: the link is printed and the pages are served", async (_name, browser) => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--browser", "--kubeconfig", demo.kubeconfig], {
      env: { BROWSER: browser },
    });
    const { url } = await ui.event("link");
    expect((await (await follow(String(url))).get("/api/me")).status).toBe(200);
  });
});

test("F39 kauth is started anew while tabs are open: 401 with what to do, and no token goes out", async () => {
  await using demo = await testDemo();
  await using home = await newHome();
  const first = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig], { home: home.path });
  const tab = await follow(first.link);
  expect((await tab.get("/api/me")).status).toBe(200);
  const { port } = first.origin;
  await first.stop();
  await using second = await startOpen(
    ["svc/ui", "--kubeconfig", demo.kubeconfig, "--address", `127.0.0.1:${port}`],
    {
      home: home.path,
    },
  );
  expect(second.origin.href).toBe(first.origin.href);
  const before = demo.app.requests.length;
  const page = await tab.get("/", NAVIGATION);
  expect([page.status, page.text]).toEqual([401, expect.stringContaining("kauth open") as string]);
  expect((await tab.get("/api/me")).status).toBe(401);
  expect(demo.app.requests.length).toBe(before);
});
