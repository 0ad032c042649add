import { afterAll, beforeAll, expect, test } from "vitest";
import { faultProxy } from "./fault-proxy.ts";
import { startRig, textOf, type Rig } from "./rig.ts";

/** Rows of the fault matrix (security.md §3.3) that are about what is between kauth and the pods. */

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => await rig[Symbol.asyncDispose]());

const calm = async (): Promise<void> => {
  Object.assign(rig.net.weather, { delay: 0, refuse: false, blackHole: false, forget: 0 });
  await rig.untilBack(30_000);
};
const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

test("F6 the kubelet goes for 3 s: streams are cut and port-forward is refused; no read is lost", async () => {
  const fault = (async (): Promise<void> => {
    await pause(300);
    Object.assign(rig.demo.carriers, { spdy: "forbidden", websocket: "forbidden" });
    rig.demo.cluster.dropConnections();
    await pause(3_000);
    Object.assign(rig.demo.carriers, { spdy: "ok", websocket: "ok" });
    await rig.untilBack(30_000);
  })();
  const asked = await rig.ask({ until: fault, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  expect(asked.longestGap).toBeLessThan(15_000);
  await calm();
});

test("F7 the API server is away for 3 s: no read is lost", async () => {
  const fault = (async (): Promise<void> => {
    await pause(300);
    rig.net.weather.refuse = true;
    rig.net.cut();
    await pause(3_000);
    rig.net.weather.refuse = false;
    await rig.untilBack(30_000);
  })();
  const asked = await rig.ask({ until: fault, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  await calm();
});

test("a cut of every stream at once, as konnectivity makes it: no read is lost", async () => {
  const fault = (async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      await pause(150);
      rig.net.cut();
    }
  })();
  const asked = await rig.ask({ until: fault, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  await calm();
});

test("F9 the network swallows every connection that is open: noticed within 12 s and a tick", async () => {
  await rig.untilBack(10_000);
  const before = rig.net.taken;
  const started = performance.now();
  rig.net.swallow();
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  const took = performance.now() - started;
  // Nothing but the silence tells of it, so that the answer cannot come sooner than the PING is missed.
  expect(took).toBeGreaterThan(1_000);
  expect(took).toBeLessThan(25_000);
  expect(rig.net.taken).toBeGreaterThan(before);
  await calm();
}, 60_000);

test("a middle box forgets connections that are idle for 7 s: the PINGs keep the tunnel", async () => {
  await rig.untilBack(10_000);
  rig.net.weather.forget = 7_000;
  await pause(9_000);
  const started = performance.now();
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  expect(performance.now() - started).toBeLessThan(3_000);
  await calm();
}, 60_000);

test("F10 the API server has another address after a change of VPN: found at the next dial", async () => {
  await rig.untilBack(10_000);
  // The name stays and leads elsewhere; what was open leads nowhere.
  await using other = await faultProxy(rig.net.target);
  rig.net.target = other.port;
  rig.net.swallow();
  rig.net.cut();
  await rig.untilBack(15_000);
  expect(other.taken).toBeGreaterThan(0);
  rig.net.target = other.target;
  rig.net.cut();
  await calm();
}, 60_000);

test("50 ms of delay each way: everything works", async () => {
  rig.net.weather.delay = 25;
  const answers = await Promise.all(
    Array.from({ length: 40 }, async () => await rig.fetch({ path: "/bytes?n=20000" })),
  );
  expect(answers.every(({ status, text }) => status === 200 && text === textOf(20_000))).toBe(true);
  await calm();
});

test("F35 raw SPDY is refused: the WebSocket takes over, and is remembered", async () => {
  rig.demo.carriers.spdy = "forbidden";
  rig.net.cut();
  await rig.untilBack(30_000);
  rig.net.cut();
  await rig.untilBack(30_000);
  rig.demo.carriers.spdy = "ok";
  rig.demo.carriers.websocket = "forbidden";
  rig.net.cut();
  await rig.untilBack(30_000);
  rig.demo.carriers.websocket = "ok";
  await calm();
}, 100_000);

test("F22 a WebSocket that is idle stays", async () => {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`ws://127.0.0.1:${rig.ui.port}/ws/echo`, {
    headers: { host: rig.ui.origin.host, origin: rig.ui.origin.origin, "x-kauth-token": rig.ui.token },
  });
  let closed: number | undefined;
  socket.on("close", (code) => (closed = code));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  await pause(12_000);
  const heard = new Promise<string>((resolve) =>
    socket.once("message", (data: Buffer) => resolve(data.toString())),
  );
  socket.send("still here");
  expect(await heard).toBe("still here");
  // And when its way is cut, it is told so.
  rig.net.cut();
  await expect.poll(() => closed, { timeout: 20_000 }).toBe(1012);
  await calm();
}, 60_000);
