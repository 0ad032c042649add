import { readFile, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import type { Carriers, Demo, DemoOptions } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { open, type Opened } from "../opened.ts";
import { newHome } from "../program.ts";
import { faultProxy, type FaultProxy } from "./fault-proxy.ts";
import type { World } from "./world.ts";

/** `kauth open svc/ui` as a process of its own; between it and the demo's API server a network that can be broken. */
export interface Rig extends AsyncDisposable {
  readonly demo: Demo;
  readonly net: FaultProxy;
  /** Leads through it. */
  readonly kubeconfig: string;
  readonly ui: Opened;
  readonly fetch: Opened["fetch"];
  /** How often a port-forward was asked for so far, by either carrier. */
  tunnels(): { readonly spdy: number; readonly websocket: number };
  /** What an API server was asked so far. */
  calls(): number;
  /** Asks until the answer is 200; rejects after a time. Resolves to the milliseconds that it took. */
  untilBack(limit: number): Promise<number>;
  /** One after another without a pause until the work is done: how each was answered, and what was not. */
  ask(options: { readonly until: Promise<unknown>; readonly least: number }): Promise<Asked>;
}

export interface Asked {
  readonly sent: number;
  readonly answered: number;
  readonly wrong: number;
  readonly lost: readonly string[];
  readonly longestGap: number;
}

const bytesOf = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at ^ (at >> 8)) & 255;
  return bytes;
};
/** As `ask` reads `/bytes?n=SIZE`. */
export const textOf = (size: number): string => bytesOf(size).toString();

export interface RigOptions {
  /** Words of `kauth open`. Default: the demo's Service. */
  readonly args?: readonly string[];
  /** Does not end with the rig. Default: one of its own, as `demoOptions` say. */
  readonly demo?: Demo;
  readonly demoOptions?: Pick<DemoOptions, "pods" | "quirks">;
  /** How carriers behave from before the start on. Default: both work. */
  readonly carriers?: Partial<Carriers>;
  readonly world?: World;
  readonly home?: string;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { args = ["svc/ui"], world } = options;
  const demo = options.demo ?? (await testDemo(options.demoOptions));
  Object.assign(demo.carriers, options.carriers);
  const own = await newHome();
  const home = options.home ?? own.path;
  const net = await faultProxy(Number(new URL(demo.cluster.server).port));
  const config = JSON.parse(await readFile(demo.kubeconfig, "utf8")) as {
    clusters: { cluster: Record<string, unknown> }[];
  };
  for (const { cluster } of config.clusters) {
    cluster["server"] = `https://${world?.name ?? "127.0.0.1"}:${net.port}`;
    cluster["tls-server-name"] = "localhost";
  }
  const kubeconfig = join(own.path, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const ui = await open([...args, "-v", "2", "--kubeconfig", kubeconfig], {
    home,
    ...(world === undefined ? {} : { env: world.env }),
  });
  const fetch: Opened["fetch"] = async (options) => await ui.fetch(options);
  return {
    demo,
    net,
    kubeconfig,
    ui,
    fetch,
    tunnels: () => {
      const asked = demo.cluster.audit.filter(({ resource }) => resource === "pods/portforward");
      const spdy = asked.filter(({ verb }) => verb === "create").length;
      return { spdy, websocket: asked.length - spdy };
    },
    calls: () => demo.cluster.audit.length,
    untilBack: async (limit) => {
      const started = performance.now();
      for (;;) {
        const answer = await fetch({ path: "/api/me" }).catch(() => undefined);
        const took = performance.now() - started;
        if (answer?.status === 200) return took;
        if (took > limit) throw new Error(`not back after ${limit} ms: ${ui.stderr()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    ask: async ({ until, least }) => {
      let over = false;
      void until.finally(() => (over = true)).catch(() => undefined);
      let [sent, answered, wrong] = [0, 0, 0];
      const lost: string[] = [];
      let last = performance.now();
      let longestGap = 0;
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!over || sent < least) {
        const size = 100 + (sent % 50);
        sent += 1;
        try {
          const { status, text } = await fetch({ path: `/bytes?n=${size}`, agent });
          const now = performance.now();
          if (status !== 200) lost.push(`status ${status}: ${text.slice(0, 200)}`);
          else if (text !== textOf(size)) wrong += 1;
          else answered += 1;
          longestGap = Math.max(longestGap, now - last);
          last = now;
        } catch (error) {
          lost.push(error instanceof Error ? error.message : "unknown");
        }
      }
      agent.destroy();
      return { sent, answered, wrong, lost, longestGap };
    },
    [Symbol.asyncDispose]: async () => {
      await ui.stop();
      await net[Symbol.asyncDispose]();
      if (options.demo === undefined) await demo[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    },
  };
}

/** The pod that answers now. */
export const podOf = async (rig: Rig): Promise<string> => String((await rig.ui.json("/api/me"))["podName"]);
