import { createServer } from "node:http";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { millis } from "../../src/base/units.ts";
import { startRig, type Rig } from "./rig.ts";
import { closedWith, download, echoed, echoSocket, many, sha256Of, upload } from "./transfer.ts";

/** Rows of the fault matrix (security.md §3.3) that are about how much and how many. */

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => await rig[Symbol.asyncDispose]());

const GiB = 1024 ** 3;

/** The most memory that a kauth has had, in MiB. */
const peak = async ({ ui }: Rig): Promise<number> =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${ui.child.pid ?? 0}/status`, "utf8"))?.[1] ?? "NaN") /
  1024;

const files = async (): Promise<number> => (await readdir(`/proc/${rig.ui.child.pid ?? 0}/fd`)).length;

test("F8 a thousand connections are reset: their neighbours notice nothing", async () => {
  const tunnels = rig.tunnels();
  for (let round = 0; round < 10; round += 1) {
    const slow = Array.from({ length: 99 }, async () => await rig.fetch({ path: "/slow?ms=300" }));
    const reset = Array.from(
      { length: 100 },
      async () => await rig.fetch({ path: "/reset?how=rst" }).catch(() => undefined),
    );
    const answers = await Promise.all(slow);
    expect(await Promise.all(reset)).toEqual(reset.map(() => undefined));
    expect(answers.filter(({ status, text }) => status === 200 && text === "slow\n")).toHaveLength(99);
  }
  // More than 128 at once are two tunnels; none is opened anew.
  expect(rig.tunnels().spdy - tunnels.spdy).toBeLessThanOrEqual(1);
});

test("F16 1 GiB arrives whole, both ways, in 200 MiB of memory", async () => {
  const whole = { status: 200, length: GiB, sha256: sha256Of(GiB) };
  await using fresh = await startRig();
  expect(await download(fresh.ui, GiB)).toMatchObject(whole);
  expect(await upload(fresh.ui, GiB)).toMatchObject(whole);
  expect(await peak(fresh)).toBeLessThan(200);
}, 120_000);

test.each([1, 50])("F19 10,000 requests on %i connections that are kept: no error", async (connections) => {
  const { errors, times } = await many(rig.ui, { connections, requests: 10_000 });
  expect([errors, times.length]).toEqual([[], 10_000]);
});

test("F20 an app that closes what is idle as we send: no error of 10,000", async () => {
  const app = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.end("ok\n");
    const { socket } = request;
    response.once("finish", () => setTimeout(() => socket.destroy(), 1 + Math.random() * 4));
  });
  let streams = 0;
  const connect = (_pod: unknown, _port: number, stream: unknown): boolean => {
    streams += 1;
    return app.emit("connection", stream);
  };
  // The second that a node takes to tell of an end would leave nothing to race with.
  await using closing = await startRig({
    demoOptions: { pods: { connect }, quirks: { lateFin: millis(1) } },
  });
  const { errors, times } = await many(closing.ui, { connections: 10, requests: 10_000 });
  expect([errors, times.length]).toEqual([[], 10_000]);
  // Some were used again and some were not, so that there was a race.
  expect(streams).toBeGreaterThan(10);
  expect(streams).toBeLessThan(10_000);
});

test("F21 1,000 WebSockets: each echoes, keeps its close code, and leaves no file open", async () => {
  /** But those of tunnels, which stay for a minute. */
  const open = async (): Promise<number> => (await files()) - rig.tunnels().spdy;
  const before = await open();
  const sockets = await Promise.all(Array.from({ length: 1_000 }, async () => await echoSocket(rig.ui)));
  expect(await open()).toBeGreaterThan(before + 900);
  const texts = await Promise.all(sockets.map(async (socket, at) => await echoed(socket, `echo ${at}`)));
  expect(texts).toEqual(sockets.map((_socket, at) => `echo ${at}`));
  const codes = sockets.map(async (socket, at) => {
    const code = closedWith(socket);
    socket.send(`close ${3_000 + at}`);
    return await code;
  });
  expect(await Promise.all(codes)).toEqual(sockets.map((_socket, at) => 3_000 + at));
  await expect.poll(async () => (await open()) - before, { timeout: 10_000 }).toBeLessThanOrEqual(5);
});
