import { readdir, readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { WebSocket } from "ws";

// The program as people have it, and not the sources, whose reader needs memory of its own.
process.env["KAUTH_PROGRAM"] ??= join(import.meta.dirname, "..", "..", "dist", "cli", "bin", "kauth.js");
const { startRig } = await import("../faults/rig.ts");

/**
 * `npm run soak:open [MINUTES]`: 200 requests a second over ten connections, as browsers keep them, and 20 WebSockets
 * that come and go, against the demo's cluster.
 * Prints how resident memory and open files develop; the slope has to stay below 1 MiB in ten minutes (issue C).
 */
const minutes = Number(process.argv[2] ?? "10");
const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

await using rig = await startRig();
const pid = rig.ui.child.pid ?? 0;
const { token } = rig.ui;
const rss = async (): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
const files = async (): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

const agent = new Agent({ keepAlive: true, maxSockets: 10 });
let over = false;
let answered = 0;
let failed = 0;
const clients = Array.from({ length: 10 }, async () => {
  while (!over) {
    const started = performance.now();
    const answer = await rig.fetch({ path: "/bytes?n=2000", agent }).catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.status === 200) answered += 1;
    else {
      failed += 1;
      if (failed < 10) process.stdout.write(`${answer instanceof Error ? answer.message : answer.text}\n`);
    }
    await pause(Math.max(0, 50 - (performance.now() - started)));
  }
});
const sockets = Array.from({ length: 20 }, async () => {
  while (!over) {
    const socket = new WebSocket(`ws://127.0.0.1:${rig.ui.port}/ws/echo`, {
      headers: { host: rig.ui.origin.host, origin: rig.ui.origin.origin, "x-kauth-token": token },
    });
    let ours = false;
    socket.on("error", () => {
      // One that we end before it has opened says so, and is no failure.
      if (!ours) failed += 1;
    });
    await pause(1_000);
    if (socket.readyState === WebSocket.OPEN) socket.send("x");
    await pause(1_000);
    ours = true;
    socket.terminate();
  }
});

const points: { readonly at: number; readonly size: number }[] = [];
const started = performance.now();
while (performance.now() - started < minutes * 60_000) {
  await pause(10_000);
  const at = (performance.now() - started) / 60_000;
  points.push({ at, size: await rss() });
  process.stdout.write(
    `${at.toFixed(1)} min: ${points.at(-1)?.size.toFixed(1)} MiB, ${await files()} files, ${answered} answered, ${failed} failed\n`,
  );
}
over = true;
await Promise.all([...clients, ...sockets]);
agent.destroy();
// The first third is the program getting warm.
const settled = points.slice(Math.floor(points.length / 3));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const [x, y] = [mean(settled.map(({ at }) => at)), mean(settled.map(({ size }) => size))];
const slope =
  settled.reduce((sum, { at, size }) => sum + (at - x) * (size - y), 0) /
  settled.reduce((sum, { at }) => sum + (at - x) ** 2, 0);
process.stdout.write(
  `slope ${(slope * 10).toFixed(2)} MiB in 10 min (target <= 1), ${failed} failed of ${answered + failed}\n`,
);
