import { readFile } from "node:fs/promises";
import { answeringPlugin } from "../test/answering-plugin.ts";
import type { Rig } from "../test/faults/rig.ts";
import { NODE_PROGRAM, usage } from "./contender.ts";

/** The figures of the fault matrix (security.md §3.3, issue C "How fast"), against the demo's cluster in this process. */
process.env["KAUTH_PROGRAM"] ??= NODE_PROGRAM.at(-1) ?? "";
// Which program is run is read when these are loaded.
const { startRig } = await import("../test/faults/rig.ts");
const { open } = await import("../test/opened.ts");
const { kauth } = await import("../test/program.ts");
const { download, echoed, echoSocket, many, upload } = await import("../test/faults/transfer.ts");
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
  const opened = performance.now();
  const sockets = await Promise.all(Array.from({ length: 1_000 }, async () => await echoSocket(rig.ui)));
  const took = performance.now() - opened;
  await pause(3_000);
  const each = ((await rssOf(pid)) - rss) * 1.024;
  const echoes = await Promise.all(
    sockets.map(async (socket) => {
      const said = performance.now();
      await echoed(socket, "x");
      return performance.now() - said;
    }),
  );
  row(
    "F21",
    "1,000 WebSockets",
    "open <= 3 s; echo p99 <= 100 ms, all at once; <= 100 KiB each (aim 50)",
    `open in ${(took / 1000).toFixed(2)} s; echo p99 ${at(echoes, 0.99)}; ${each.toFixed(0)} KiB each`,
  );
  for (const socket of sockets) socket.terminate();
};

const at = (times: readonly number[], share: number): string =>
  `${(times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`;

/** Each in a kauth of its own, whose memory nothing else has grown. */
const measureSizes = async (): Promise<void> => {
  const GiB = 1024 ** 3;
  const rate = ({ length, seconds }: { length: number; seconds: number }): string =>
    `${(length / seconds / 1e6).toFixed(0)} MB/s`;
  {
    await using rig = await startRig();
    const pid = rig.ui.child.pid ?? 0;
    const [down, up] = [await download(rig.ui, GiB), await upload(rig.ui, GiB)];
    row(
      "F16",
      "1 GiB down and up",
      ">= 60 MB/s; RSS <= 200 MiB",
      `${rate(down)} down, ${rate(up)} up; RSS ${(await rssOf(pid)).toFixed(0)} MiB`,
    );
  }
  {
    await using rig = await startRig();
    const pid = rig.ui.child.pid ?? 0;
    await download(rig.ui, 64 * 1024 ** 2);
    const before = await rssOf(pid);
    let most = before;
    let over = false;
    const slow = download(rig.ui, GiB, 20e6).finally(() => (over = true));
    for (; !over;) {
      most = Math.max(most, await rssOf(pid));
      await pause(500);
    }
    const grown = (most - before).toFixed(0);
    row("F15", "1 GiB to a reader of 20 MB/s", "RSS growth <= 32 MiB", `${rate(await slow)}; ${grown} MiB`);
  }
  {
    await using rig = await startRig();
    const pid = rig.ui.child.pid ?? 0;
    for (const connections of [1, 50]) {
      await many(rig.ui, { connections, requests: 5_000 });
      const before = await rssOf(pid);
      const started = performance.now();
      const { times, errors } = await many(rig.ui, { connections, requests: 10_000 });
      const rate = 10_000 / ((performance.now() - started) / 1000);
      row(
        "F19",
        `10,000 requests on ${connections} connections`,
        connections === 1 ? "0 errors" : "0 errors; >= 3,000 req/s; p99 <= 60 ms; RSS drift <= 10 MiB",
        `${errors.length} errors; ${rate.toFixed(0)} req/s with our client; p99 ${at(times, 0.99)}; ${((await rssOf(pid)) - before).toFixed(1)} MiB`,
      );
    }
  }
};

const measureLives = async (): Promise<void> => {
  {
    await using rig = await startRig();
    const pid = rig.ui.child.pid ?? 0;
    await rig.untilBack(10_000);
    for (const name of ["ui-1", "ui-2"]) rig.demo.setReady(name, "ui", false);
    await pause(2_000);
    const [before, calls] = [await usage(pid), rig.calls()];
    const waiting = rig.fetch({ path: "/api/me" });
    await pause(20_000);
    const cpu = (((await usage(pid)).cpu - before.cpu) / 20) * 100;
    const rate = (rig.calls() - calls) / 20;
    const ready = performance.now();
    rig.demo.setReady("ui-1", "ui", true);
    await waiting;
    row(
      "F3",
      "no pod is ready for 20 s",
      "up <= 2 s after ready; <= 1 API call/s; CPU <= 2 %",
      `${((performance.now() - ready) / 1000).toFixed(2)} s; ${rate.toFixed(2)} calls/s; ${cpu.toFixed(2)} %`,
    );

    const words = ["open", "svc/ui", "--skip-open-browser", "--address", `127.0.0.1:${rig.ui.port}`];
    const started = performance.now();
    const { code } = await kauth([...words, "--kubeconfig", rig.kubeconfig]);
    row(
      "F31",
      "the port is taken",
      "exit 1, <= 1 s",
      `exit ${code}, ${at([performance.now() - started], 0)}`,
    );

    const slow = rig.fetch({ path: "/slow?ms=20000" }).catch(() => undefined);
    await pause(300);
    rig.ui.child.kill("SIGTERM");
    await rig.ui.event("stopping");
    const second = performance.now();
    await rig.ui.stop();
    row("F30", "a second SIGTERM", "<= 200 ms", at([performance.now() - second], 0));
    await slow;
  }
  const start = async (carriers: { spdy: "ok" | "forbidden" }): Promise<number> => {
    const started = performance.now();
    await using rig = await startRig({ carriers });
    await rig.untilBack(10_000);
    return performance.now() - started;
  };
  const [both, refused] = [await start({ spdy: "ok" }), await start({ spdy: "forbidden" })];
  row("F35", "raw SPDY is refused at the start", "<= 1 s extra", at([refused - both], 0));
};

{
  await using rig = await startRig();
  await measure(rig);
}
await measureSizes();
await measureLives();

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
