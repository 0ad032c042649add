import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recorded, type Recorded } from "../../../test/recorded.ts";
import type { System } from "../../base/system.ts";
import { answerOthers, instancesIn, LINE_LIMITS } from "./instance.ts";
import type { OpenQuestion, Question } from "./instance-words.ts";
import { askOthers, deadSockets } from "./other-instances.ts";
import { whoseAddress } from "./whose-address.ts";

const LINK = "http://ui-0f.localhost:18000/__kauth/launch#secret";
const WHO: Question = { who: true };
const OPEN: OpenQuestion = { keys: ["a"], addresses: [], as: "link" };
const TARGETS = [{ target: "svc/ui", namespace: "apps", context: "dev" }];

let under: Recorded;
let system: System;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  under = await recorded();
  system = under.system();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
  await under[Symbol.asyncDispose]();
});

const run = async (pid: number, port = 18_000): Promise<OpenQuestion[]> => {
  const asked: OpenQuestion[] = [];
  const running = await answerOthers(
    { ...system, pid },
    {
      who: () => ({ pid, targets: TARGETS, addresses: [`127.0.0.1:${port}`, `[::1]:${port}`] }),
      open: (question) => {
        asked.push(question);
        const open = { way: LINK, goodForSeconds: 600 };
        return Promise.resolve(question.keys.includes("a") ? open : undefined);
      },
    },
  );
  opened.push(running);
  return asked;
};

const only = async (): Promise<string> =>
  join(instancesIn(system), (await readdir(instancesIn(system)))[0] ?? "");

/** What comes back until the connection ends, and how long that took. */
const say = async (bytes: string | Buffer): Promise<{ readonly text: string; readonly took: number }> => {
  const start = performance.now();
  const socket = connect(await only());
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (part: Buffer) => (text += part.toString()));
  socket.write(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return { text, took: performance.now() - start };
};

describe("D.5: one kauth answers another", () => {
  test("who it is, and nothing secret with it", async () => {
    const asked = await run(4711);
    expect(await askOthers(system, WHO)).toEqual([
      { pid: 4711, targets: TARGETS, addresses: ["127.0.0.1:18000", "[::1]:18000"], open: undefined },
    ]);
    expect(asked).toEqual([]);
    expect((await say('{"kauth":1,"who":true}\n')).text).not.toMatch(/launch|secret/);
  });

  test("a way in, to whoever names all of its targets, and to nobody else", async () => {
    const asked = await run(4711);
    const [answer] = await askOthers(system, { open: OPEN });
    expect(answer?.open).toEqual({ way: LINK, goodForSeconds: 600 });
    const [other] = await askOthers(system, { open: { ...OPEN, keys: ["b"] } });
    expect(other).toMatchObject({ pid: 4711, open: undefined });
    expect(asked).toEqual([OPEN, { ...OPEN, keys: ["b"] }]);
    expect(under.err.join("")).not.toContain("secret");
  });

  test("all who run are asked, and none is left when they have ended", async () => {
    for (const pid of [1, 2, 3]) await run(pid);
    const pids = (await askOthers(system, WHO)).map(({ pid }) => pid);
    expect(new Set(pids)).toEqual(new Set([1, 2, 3]));
    for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
    expect(await readdir(instancesIn(system))).toEqual([]);
    expect(await askOthers(system, WHO)).toEqual([]);
  });

  test("a taken port says which one has it", async () => {
    await run(4711, 28_000);
    const whose = whoseAddress(system);
    expect(await whose({ address: "::1", port: 28_000 })).toBe(
      "kauth (pid 4711), which opened svc/ui in apps",
    );
    expect(await whose({ address: "127.0.0.1", port: 18_000 })).toBeUndefined();
  });

  test("without a place of its own it is alone, and says so to whoever asks for more", async () => {
    const place = instancesIn(system);
    await mkdir(join(place, ".."), { recursive: true });
    await writeFile(place, "in the way");
    await run(1);
    expect(await askOthers(system, WHO)).toEqual([]);
    expect(await askOthers({ ...system, platform: "win32" }, WHO)).toEqual([]);
  });
});

describe("D.5: whoever connects and says something else", () => {
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
  test.each([
    ["garbage", "\0\x01garbage\n"],
    ["an empty line", "\n"],
    ["another version", line({ kauth: 2, who: true })],
    ["no version", line({ who: true })],
    ["two questions", line({ kauth: 1, who: true, open: OPEN })],
    ["no question", line({ kauth: 1 })],
    ["what has other types", line({ kauth: 1, open: { keys: "a", addresses: [], as: "link" } })],
    ["another way", line({ kauth: 1, open: { ...OPEN, as: "shell" } })],
    ["too many", line({ kauth: 1, open: { ...OPEN, keys: Array.from({ length: 65 }, () => "a") } })],
    ["10 MiB in a line", Buffer.alloc(10 * 1024 * 1024, "a")],
    ["a question in more than 16 KiB", `${" ".repeat(LINE_LIMITS.bytes)}{"kauth":1,"who":true}\n`],
  ])("%s: gets nothing, and the next one is answered", async (_name, bytes) => {
    const asked = await run(4711);
    const { text, took } = await say(bytes);
    expect(text).toBe("");
    // At once, not when the time is over.
    expect(took).toBeLessThan(1_900);
    expect(asked).toEqual([]);
    expect(await askOthers(system, WHO)).toHaveLength(1);
  });

  test("half a line and silence are ended after 2 s, and keep nobody waiting", async () => {
    await run(4711);
    const silent = say('{"kauth":1,');
    expect(await askOthers(system, WHO)).toHaveLength(1);
    const { text, took } = await silent;
    expect(text).toBe("");
    expect(took).toBeGreaterThan(1_900);
    expect(took).toBeLessThan(8_000);
  });
});

describe("D.5: what is found and is no kauth that answers", () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
  });
  const pretend = async (name: string, onSocket: (socket: Socket) => void): Promise<void> => {
    await mkdir(instancesIn(system), { recursive: true, mode: 0o700 });
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      onSocket(socket);
    });
    servers.push(server);
    server.listen(join(instancesIn(system), name));
    await once(server, "listening");
  };

  test("garbage, 10 MiB, half a line, silence and an early end are no answer", async () => {
    const answers: readonly ((socket: Socket) => void)[] = [
      (socket) => socket.end("garbage\n"),
      (socket) => socket.write(Buffer.alloc(10 * 1024 * 1024, "a")),
      (socket) => socket.write('{"kauth":1,'),
      () => undefined,
      (socket) => socket.destroy(),
      (socket) => socket.end('{"kauth":2,"pid":1,"targets":[],"addresses":[]}\n'),
      (socket) => socket.end('{"kauth":1,"pid":"1","targets":[],"addresses":[]}\n'),
      (socket) => socket.end('{"kauth":1,"pid":1,"targets":[],"addresses":[],"open":{"way":1}}\n'),
    ];
    for (const [index, answer] of answers.entries()) await pretend(`${index}-0123abcd`, answer);
    await run(4711);
    const start = performance.now();
    expect((await askOthers(system, WHO)).map(({ pid }) => pid)).toEqual([4711]);
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  test("a file, a directory and a symlink are left alone", async () => {
    await run(4711);
    const place = instancesIn(system);
    const real = await only();
    await writeFile(join(place, "1-0123abcd"), "file");
    await mkdir(join(place, "2-0123abcd"));
    await symlink(real, join(place, "3-0123abcd"));
    expect(await askOthers(system, WHO)).toHaveLength(1);
    expect((await readdir(place)).length).toBe(4);
  });

  test("what a killed one has left is taken away, and nothing of one that runs", async () => {
    await run(4711);
    const place = instancesIn(system);
    for (const name of ["7-0123abcd", "8-0123abcd.new"])
      spawnSync(process.execPath, [
        "-e",
        `require("net").createServer().listen(${JSON.stringify(join(place, name))}, () => process.kill(process.pid, "SIGKILL"))`,
      ]);
    expect((await deadSockets(system)).dead.map((path) => path.slice(place.length + 1)).toSorted()).toEqual([
      "7-0123abcd",
      "8-0123abcd.new",
    ]);
    expect(await askOthers(system, WHO)).toHaveLength(1);
    expect((await readdir(place)).filter((name) => name === "7-0123abcd")).toEqual([]);
    expect(await askOthers(system, WHO)).toHaveLength(1);
    await rm(join(place, "8-0123abcd.new"));
  });
});
