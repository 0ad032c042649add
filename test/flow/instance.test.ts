import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { ask } from "../http.ts";
import { writeKubeconfig } from "../kubeconfigs.ts";
import {
  environment,
  kauth,
  newHome,
  PROGRAM,
  startOpen,
  type Finished,
  type RunningOpen,
} from "../program.ts";

const port = (ui: RunningOpen): string => ui.origin.port;

/** Another `kauth` of the same home. */
const again = async (ui: RunningOpen, ...args: readonly string[]): Promise<Finished> =>
  await kauth(args, { KAUTH_HOME: ui.home });

const opens = async (ui: RunningOpen, kubeconfig: string, ...args: readonly string[]): Promise<Finished> =>
  await again(ui, "open", "--kubeconfig", kubeconfig, "--skip-open-browser", "--output", "json", ...args);

type Event = Readonly<Record<string, unknown>>;

const eventsOf = ({ stdout }: Finished): readonly Event[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);

/** What a browser does with a link: the status, and the session's cookie. */
const follow = async (link: string): Promise<{ readonly status: number; readonly cookie: string }> => {
  const { origin, hash, host } = new URL(link);
  const answer = await ask(new URL(origin), {
    path: "/__kauth/session",
    method: "POST",
    headers: { host, origin, "sec-fetch-site": "same-origin", "content-length": String(hash.length - 1) },
    body: hash.slice(1),
  });
  return { status: answer.status, cookie: String(answer.headers["set-cookie"] ?? "") };
};

describe("D.5: a second kauth open of the same target opens the running one", () => {
  test("with a link that is good once, and ends with 0", async () => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const second = await opens(ui, demo.kubeconfig, "svc/ui", "--print-link");
    expect(second.code, second.stderr).toBe(0);
    const [attached, link, ...rest] = eventsOf(second);
    expect(attached).toMatchObject({
      event: "attached",
      pid: ui.child.pid,
      targets: [{ target: "svc/ui", namespace: "apps" }],
    });
    expect([link?.["event"], rest]).toEqual(["link", []]);
    expect(String(link?.["url"])).toContain(`.localhost:${port(ui)}/__kauth/launch#`);
    const used = await follow(String(link?.["url"]));
    expect(used.status).toBe(200);
    expect(used.cookie).toContain("kauth-");
    // The secret of it is in neither's text, and no file is left of the second one.
    const secret = String(link?.["url"]).split("#")[1] ?? "";
    expect(ui.stderr() + ui.stdout() + second.stderr).not.toContain(secret);
    expect(await readdir(join(ui.home, "run"))).toEqual(["instances"]);
  });

  test("and with --address only where the pages are there", async () => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const there = await opens(ui, demo.kubeconfig, "svc/ui", "--address", `127.0.0.1:${port(ui)}`);
    expect([there.code, eventsOf(there)[0]?.["event"]]).toEqual([0, "attached"]);
    await using other = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig], { home: ui.home });
    expect(other.ready["event"]).toBe("ready");
    expect(port(other)).not.toBe(port(ui));
  });

  test("a browser is started on a private file of the running one", async () => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const browser = join(ui.home, "browser");
    await writeFile(
      browser,
      `#!${process.execPath}
const [path] = process.argv.slice(2);
const { readFileSync, rmSync, statSync, writeFileSync } = require("node:fs");
writeFileSync(${JSON.stringify(join(ui.home, "seen"))}, JSON.stringify({ argv: process.argv, mode: statSync(path).mode & 0o777, page: readFileSync(path, "utf8") }));
rmSync(path);
`,
      { mode: 0o700 },
    );
    const second = await kauth(["open", "svc/ui", "--kubeconfig", demo.kubeconfig, "--output", "json"], {
      KAUTH_HOME: ui.home,
      BROWSER: browser,
    });
    expect(second.code, second.stderr).toBe(0);
    expect(eventsOf(second).map(({ event, opened }) => [event, opened])).toEqual([
      ["attached", undefined],
      ["browser", true],
    ]);
    const seen = JSON.parse(await readFile(join(ui.home, "seen"), "utf8")) as {
      readonly argv: readonly string[];
      readonly mode: number;
      readonly page: string;
    };
    expect(seen.mode).toBe(0o600);
    expect(seen.page).toContain("/__kauth/launch");
    expect(seen.argv.join(" ")).not.toContain("launch#");
    expect(second.stdout + second.stderr).not.toContain("launch#");
  });

  test.each<[string, readonly string[]]>([
    ["another target", ["svc/single"]],
    ["another way to open it", ["svc/ui", "--read-only"]],
    ["a token file", ["svc/ui", "--api-token-file", "/dev/null/none"]],
    ["another user", ["svc/ui", "--token", "somebody-else"]],
  ])("%s is not what runs", async (_name, words) => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    // The port that it would have is taken, so it ends; what counts is that it does not end with the other's pages.
    const second = await opens(ui, demo.kubeconfig, ...words, "--address", `127.0.0.1:${port(ui)}`);
    expect(second.code).toBe(1);
    expect(eventsOf(second).map(({ event }) => event)).not.toContain("attached");
  });

  test("a taken port says which kauth has it, and what it opened", async () => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const second = await opens(ui, demo.kubeconfig, "svc/single", "--address", `127.0.0.1:${port(ui)}`);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `127.0.0.1:${port(ui)} belongs to kauth (pid ${ui.child.pid}), which opened svc/ui in apps`,
    );
  });

  test("of one that was killed nothing is left after the next", async () => {
    await using demo = await testDemo();
    await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    await ui.stop("SIGKILL");
    const place = join(ui.home, "run", "instances");
    const [dead = ""] = await readdir(place);
    await using next = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig], { home: ui.home });
    expect(await readdir(place)).not.toContain(dead);
    expect(await readdir(place)).toHaveLength(1);
    const cleaned = await again(next, "clean");
    expect(cleaned.code).toBe(0);
    const second = await opens(next, demo.kubeconfig, "svc/ui");
    expect(eventsOf(second)[0]).toMatchObject({ event: "attached", pid: next.child.pid });
    await next.stop();
    expect(await readdir(place)).toEqual([]);
  });
});

/** nobody's, on every Linux. */
const NOBODY = 65_534;

describe("issue 6, proof: two users on one machine", () => {
  test("the other gets nothing: no socket, no port, no file", async () => {
    // On every machine that this is made on it can be tried; a skip would hide that.
    expect([process.platform, process.getuid?.()]).toEqual(["linux", 0]);
    await using demo = await testDemo();
    // One kubeconfig of both, so that nothing but the user is another.
    await using shared = await newHome();
    await chmod(shared.path, 0o755);
    const token = "token-of-two-users";
    demo.cluster.people.issue(token, demo.user);
    const kubeconfig = await writeKubeconfig(demo, shared.path, "kubeconfig", {
      user: { token },
      mode: 0o644,
    });
    await using ui = await startOpen(["svc/ui", "--kubeconfig", kubeconfig]);
    // The home is open to look at, as many are; what kauth made in it is not.
    await chmod(ui.home, 0o755);
    const [socket = ""] = await readdir(join(ui.home, "run", "instances"));
    const path = join(ui.home, "run", "instances", socket);
    const facts = await Promise.all(
      [path, join(path, "..")].map(async (each) => (await stat(each)).mode & 0o777),
    );
    expect(facts).toEqual([0o600, 0o700]);
    // Something of a launch, for as long as it is there.
    const [attached] = eventsOf(await opens(ui, kubeconfig, "svc/ui"));
    expect(attached?.["event"]).toBe("attached");
    const code = `
      const net = require("node:net"), fs = require("node:fs");
      const tryIt = (name, act) => { try { return act(); } catch (error) { return name + " " + error.code; } };
      const over = (to) => new Promise((resolve) => {
        const peer = net.connect(to);
        let heard = "";
        peer.on("data", (part) => (heard += part));
        peer.on("error", (error) => resolve(error.code));
        peer.on("close", () => resolve(heard === "" ? "closed" : heard));
        peer.write(to.path === undefined ? "GET /__kauth/health HTTP/1.1\\r\\nHost: ${ui.origin.host}\\r\\n\\r\\n" : '{"kauth":1,"who":true}\\n');
      });
      (async () => console.log(JSON.stringify({
        uid: process.getuid(),
        socket: await over({ path: ${JSON.stringify(path)} }),
        port: await over({ port: ${port(ui)}, host: "127.0.0.1" }),
        run: tryIt("run", () => fs.readdirSync(${JSON.stringify(join(ui.home, "run"))})),
        instances: tryIt("instances", () => fs.readdirSync(${JSON.stringify(join(path, ".."))})),
        key: tryIt("key", () => fs.readFileSync(${JSON.stringify(join(ui.home, "state", "origin.key"))}, "utf8")),
      })))();`;
    const as = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const other = spawnSync("setpriv", [...as, process.execPath, "-e", code], { cwd: "/", encoding: "utf8" });
    expect(other.stderr).toBe("");
    expect(JSON.parse(other.stdout)).toEqual({
      uid: NOBODY,
      socket: "EACCES",
      port: expect.stringMatching(/^(?:ECONNRESET|closed)$/) as unknown,
      run: "run EACCES",
      instances: "instances EACCES",
      key: "key EACCES",
    });
    await otherKauth(ui, kubeconfig, as);
  });
});

/** Their own kauth, told to look where the first one is: it neither finds it nor breaks it. */
const otherKauth = async (ui: RunningOpen, kubeconfig: string, as: readonly string[]): Promise<void> => {
  const words = ["open", "svc/ui", "--kubeconfig", kubeconfig, "--skip-open-browser", "--output", "json"];
  const address = ["--address", `127.0.0.1:${port(ui)}`];
  const child = spawn("setpriv", [...as, ...PROGRAM, ...words, ...address], {
    cwd: "/",
    env: environment(ui.home),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part: Buffer) => (said += part.toString()));
  await once(child, "close");
  // It knows no more than any program does: that root has the port.
  expect(said).toContain(`127.0.0.1:${port(ui)} belongs to user id 0`);
  expect(child.exitCode).toBe(1);
  expect(said).not.toMatch(/attached|launch#|kauth \(pid|svc\/ui in apps/);
  const mine = await opens(ui, kubeconfig, "svc/ui");
  expect([mine.code, eventsOf(mine)[0]?.["event"]]).toEqual([0, "attached"]);
};
