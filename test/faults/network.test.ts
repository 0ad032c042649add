import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../opened.ts";
import { newHome } from "../program.ts";
import { faultProxy } from "./fault-proxy.ts";
import { startRig, textOf, type Rig } from "./rig.ts";
import { newWorld } from "./world.ts";

/** Rows of the fault matrix (security.md §3.3) that are about what is between kauth and the pods. */

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => await rig[Symbol.asyncDispose]());

const calm = async (): Promise<void> => {
  Object.assign(rig.net.weather, { delay: 0, refuse: false, blackHole: false, forget: 0, closeIdle: 0 });
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
  // 3 s, and 2 s after its return.
  expect(asked.longestGap).toBeLessThan(5_000);
  await calm();
});

test("F7 the API server is away for 5 s: no read is lost", async () => {
  const fault = (async (): Promise<void> => {
    await pause(300);
    rig.net.weather.refuse = true;
    rig.net.cut();
    await pause(5_000);
    rig.net.weather.refuse = false;
    await rig.untilBack(30_000);
  })();
  const asked = await rig.ask({ until: fault, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  // 5 s, and 2 s after its return.
  expect(asked.longestGap).toBeLessThan(7_000);
  await calm();
});

test.each<[string, () => void]>([
  ["every tunnel at once, as konnectivity makes it", () => rig.demo.cluster.endTunnels("cut")],
  ["every connection at once, as an API server that is replaced makes it", () => rig.net.cut()],
])("a cut of %s, ten times: no read is lost", async (_name, cut) => {
  await rig.untilBack(10_000);
  const fault = (async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      await pause(150);
      cut();
    }
  })();
  const asked = await rig.ask({ until: fault, least: 100 });
  expect([asked.wrong, asked.lost]).toEqual([0, []]);
  await calm();
});

test("F9 the network swallows every connection that is open: served again within 15 s", async () => {
  await rig.untilBack(10_000);
  const before = rig.net.taken;
  rig.net.swallow();
  const took = await rig.untilBack(15_000);
  // Nothing but the silence tells of it, so that the answer cannot come sooner than the PING is missed.
  expect(took).toBeGreaterThan(1_000);
  expect(took).toBeLessThan(15_000);
  expect(rig.net.taken).toBeGreaterThan(before);
  await calm();
}, 60_000);

test("F9 after the machine slept and everything is dead: served again within 5 s", async () => {
  await using world = await newWorld();
  await using slept = await startRig({ world });
  await slept.untilBack(10_000);
  slept.net.swallow();
  world.clock(3_600_000);
  // A tick until it is seen, 2 s for the PING, and a way.
  expect(await slept.untilBack(15_000)).toBeLessThan(5_000);
});

test("a middle box forgets connections that are idle for 7 s: the PINGs keep the tunnel", async () => {
  await rig.untilBack(10_000);
  const before = rig.tunnels();
  rig.net.weather.forget = 7_000;
  await pause(9_000);
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  expect(rig.tunnels()).toEqual(before);
  await calm();
}, 60_000);

test("a middle box closes connections that are idle for 7 s: the PINGs keep the tunnel", async () => {
  await rig.untilBack(10_000);
  const before = rig.tunnels();
  rig.net.weather.closeIdle = 7_000;
  await pause(9_000);
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  expect(rig.tunnels()).toEqual(before);
  await calm();
}, 60_000);

test("a VPN gives another address: what is open leads nowhere, nobody is told, and it is served again within 15 s", async () => {
  await rig.untilBack(10_000);
  await using other = await faultProxy(rig.net.target);
  rig.net.target = other.port;
  rig.net.swallow();
  expect(await rig.untilBack(15_000)).toBeLessThan(15_000);
  expect(other.taken).toBeGreaterThan(0);
  rig.net.target = other.target;
  rig.net.cut();
  await calm();
}, 60_000);

test("F10 the API server's name leads to another address: found at the next dial", async () => {
  await using world = await newWorld();
  await using moved = await startRig({ world });
  await using other = await faultProxy(moved.net.target, { host: "127.0.0.2", port: moved.net.port });
  await moved.untilBack(10_000);
  expect(other.taken).toBe(0);
  world.address("127.0.0.2");
  moved.net.weather.refuse = true;
  moved.net.cut();
  expect(await moved.untilBack(15_000)).toBeLessThan(5_000);
  expect(other.taken).toBeGreaterThan(0);
});

test("50 ms there and back: bodies arrive whole, and no tunnel is given up", async () => {
  await rig.untilBack(10_000);
  const before = rig.tunnels();
  rig.net.weather.delay = 25;
  const answers = await Promise.all(
    Array.from({ length: 40 }, async () => await rig.fetch({ path: "/bytes?n=20000" })),
  );
  expect(answers.every(({ status, text }) => status === 200 && text === textOf(20_000))).toBe(true);
  await pause(8_000);
  expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  expect(rig.tunnels()).toEqual(before);
  await calm();
});

test("F35 one carrier is refused: the other takes over and is remembered, also by the next process, until it is refused itself", async () => {
  await using home = await newHome();
  await using other = await startRig({ home: home.path, carriers: { spdy: "forbidden" } });
  const { carriers } = other.demo;
  // Both were tried, and the WebSocket won.
  expect(other.tunnels()).toEqual({ spdy: 1, websocket: 1 });
  /** What is asked for until pages come again after a cut. */
  const afterCut = async (back: () => Promise<unknown>): Promise<ReturnType<Rig["tunnels"]>> => {
    const before = other.tunnels();
    other.net.cut();
    await back();
    const after = other.tunnels();
    return { spdy: after.spdy - before.spdy, websocket: after.websocket - before.websocket };
  };
  expect(await afterCut(async () => await other.untilBack(15_000))).toEqual({ spdy: 0, websocket: 1 });
  await other.ui.stop();
  const before = other.tunnels();
  await using next = await open(["svc/ui", "--kubeconfig", other.kubeconfig], { home: home.path });
  expect(other.tunnels()).toEqual({ ...before, websocket: before.websocket + 1 });
  // The carriers exchanged.
  Object.assign(carriers, { spdy: "ok", websocket: "forbidden" });
  const me = async (): Promise<void> =>
    await expect
      .poll(async () => (await next.fetch({ path: "/api/me" })).status, { timeout: 15_000 })
      .toBe(200);
  expect(await afterCut(me)).toMatchObject({ spdy: 1 });
  expect(await afterCut(me)).toEqual({ spdy: 1, websocket: 0 });
});

describe("an API server that sends GOAWAY every second", () => {
  test.each([
    ["closes what it said it to", "spdy", {}],
    ["is silent after it, as in a WebSocket", "websocket", { silentAfterGoaway: true }],
  ] as const)(
    "and %s: no read is lost, and one tunnel is opened for each",
    async (_name, carrier, quirks) => {
      await using going = await startRig({
        args: ["svc/ui", "--tunnel", carrier],
        demoOptions: { quirks },
      });
      const [tunnels, calls] = [going.tunnels()[carrier], going.calls()];
      const turns = 8;
      const fault = (async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) {
          await pause(1_000);
          going.demo.cluster.endTunnels("goaway");
        }
        await going.untilBack(10_000);
      })();
      const asked = await going.ask({ until: fault, least: 100 });
      expect([asked.wrong, asked.lost]).toEqual([0, []]);
      expect(going.tunnels()[carrier] - tunnels).toBe(turns);
      // For each: the pod is looked for, its tunnel and its proof, and two watches with their lists.
      expect(going.calls() - calls).toBeLessThanOrEqual(turns * 10);
    },
  );
});

test("F22 a WebSocket that is idle stays, also where a middle box closes what is idle for 7 s", async () => {
  rig.net.weather.closeIdle = 7_000;
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
  expect(closed).toBeUndefined();
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
