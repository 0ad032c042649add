import { WebSocket } from "ws";
import { readFile } from "node:fs/promises";
import { answeringPlugin } from "../test/answering-plugin.ts";
import type { Rig } from "../test/faults/rig.ts";
import { NODE_PROGRAM, usage } from "./contender.ts";

/** The figures of the fault matrix (security.md §3.3, issue C "How fast"), against the demo's cluster in this process. */
process.env["KAUTH_PROGRAM"] ??= NODE_PROGRAM.at(-1) ?? "";
// Which program is run is read when these are loaded.
const { startRig } = await import("../test/faults/rig.ts");
const { open } = await import("../test/opened.ts");
const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));
const row = (id: string, fault: string, target: string, measured: string): void =>
  void process.stdout.write(`| ${id} | ${fault} | ${target} | ${measured} |\n`);

process.stdout.write("| id | fault | target | measured |\n| --- | --- | --- | --- |\n");

const rssOf = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const measure = async (rig: Rig): Promise<void> => {
  const pid = rig.ui.child.pid ?? 0;
  await rig.untilBack(10_000);

  const deletions = (async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { podName } = JSON.parse((await rig.fetch({ path: "/api/me" })).text) as { podName: string };
      rig.demo.addPod(`bench-${turn}`, "ui");
      rig.demo.deletePod(podName);
      await pause(300);
    }
  })();
  const asked = await rig.ask({ until: deletions, least: 1_000 });
  row(
    "F1",
    "10 pods deleted, another ready",
    "0 lost of 1,000; gap <= 1 s",
    `${asked.lost.length} lost of ${asked.sent}, ${asked.wrong} wrong; longest gap ${(asked.longestGap / 1000).toFixed(2)} s`,
  );

  for (const [id, name, off, on] of [
    [
      "F6",
      "port-forward refused for 3 s, streams cut",
      (): void => {
        Object.assign(rig.demo.carriers, { spdy: "forbidden", websocket: "forbidden" });
        rig.demo.cluster.dropConnections();
      },
      (): void => void Object.assign(rig.demo.carriers, { spdy: "ok", websocket: "ok" }),
    ],
    [
      "F7",
      "API server away for 3 s",
      (): void => {
        rig.net.weather.refuse = true;
        rig.net.cut();
      },
      (): void => void (rig.net.weather.refuse = false),
    ],
  ] as const) {
    const late: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      off();
      await pause(100);
      const held = rig.fetch({ path: "/api/me" });
      await pause(3_000);
      const back = performance.now();
      on();
      await held;
      late.push(performance.now() - back);
    }
    row(id, name, "up <= 2 s after return", `${late.map((time) => (time / 1000).toFixed(2)).join(", ")} s`);
  }

  const before = await usage(pid);
  await pause(20_000);
  const after = await usage(pid);
  row(
    "idle",
    "nobody asks for 20 s",
    "<= 0.5 % of a core",
    `${(((after.cpu - before.cpu) / 20) * 100).toFixed(2)} %`,
  );

  const small = async (): Promise<number> => {
    const times: number[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      const started = performance.now();
      await rig.fetch({ path: "/healthz" });
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[100] ?? 0;
  };
  await small();
  const idle = await small();
  const download = rig.fetch({ path: "/bytes?n=400000000" }).catch(() => undefined);
  await pause(200);
  const busy = await small();
  row(
    "bulk",
    "small requests during a download",
    "<= 4 x idle (aim 2 x)",
    `p50 ${idle.toFixed(2)} ms idle, ${busy.toFixed(2)} ms busy: ${(busy / idle).toFixed(2)} x`,
  );
  await download;

  const rss = await rssOf(pid);
  const { token } = rig.ui;
  const opened = performance.now();
  const sockets = await Promise.all(
    Array.from(
      { length: 1_000 },
      async () =>
        await new Promise<WebSocket>((resolve, reject) => {
          const socket = new WebSocket(`ws://127.0.0.1:${rig.ui.port}/ws/echo`, {
            perMessageDeflate: false,
            headers: { host: rig.ui.origin.host, origin: rig.ui.origin.origin, "x-kauth-token": token },
          });
          socket.once("open", () => resolve(socket));
          socket.once("error", reject);
        }),
    ),
  );
  const took = performance.now() - opened;
  await pause(3_000);
  row(
    "F21",
    "1,000 WebSockets",
    "open <= 3 s; <= 100 KiB each (aim 50)",
    `open in ${(took / 1000).toFixed(2)} s; ${((((await rssOf(pid)) - rss) * 1024) / 1000).toFixed(0)} KiB each`,
  );
  for (const socket of sockets) socket.terminate();
};

{
  await using rig = await startRig();
  await measure(rig);
}

{
  await using plugin = await answeringPlugin();
  await plugin.answer("alice", 4_000);
  await using ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  await plugin.answer("alice");
  const runs = await plugin.runs();
  await pause(4_200);
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => await ui.fetch({ path: "/api/me" })),
  );
  row(
    "F11",
    "100 requests at the end of the token",
    "1 plugin run",
    `${(await plugin.runs()) - runs} run, ${answers.filter(({ status }) => status === 200).length} answered`,
  );
}
