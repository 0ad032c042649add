import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { object, parseJson, string } from "../src/base/decode.ts";
import { testCluster } from "../tools/test-cluster.ts";
import { benchedProgram, usage, type Contender } from "./contender.ts";
import { needWrk, rate } from "./load.ts";

/**
 * Times the direct leg of `kauth open` beside `kubectl proxy`, in turn: lists of 1,000 pods, and 100 watches. Set
 * `KAUTH_E2E_CLUSTER`; `BENCH_BINARY` names a compiled kauth that is measured instead; `BENCH_ROUNDS` and
 * `BENCH_SECONDS` bound it. The pods are objects that no scheduler takes, in a namespace that is removed at the end.
 */
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const LASTING = Number(process.env["BENCH_SECONDS"] ?? 4);
const PODS = 1_000;
const WATCHES = 100;
/** Changes that each watch hears of. */
const CHANGES = 50;
const NAMESPACE = "kauth-bench-direct";
const LIST = `/api/v1/namespaces/${NAMESPACE}/pods`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const path = testCluster(process.env);
if (path === "") throw new Error("KAUTH_E2E_CLUSTER must name a cluster.json");
const facts = object({ kubectl: string, kubeconfigs: string })(parseJson(await readFile(path, "utf8")), "");
/** A client certificate, which no UI's own back end could use. */
const kubeconfig = join(facts.kubeconfigs, "admin");

interface Api extends Contender {
  /** What stands before a path of the API. */
  readonly prefix: string;
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
};

const kubectlProxy = async (): Promise<Api> => {
  const started = performance.now();
  const child = spawn(facts.kubectl, ["--kubeconfig", kubeconfig, "proxy", "--port=0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let port = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
    if (port !== 0) break;
  }
  child.stdout.resume();
  return {
    name: "kubectl proxy",
    host: "127.0.0.1",
    port,
    headers: {},
    prefix: "",
    pid: child.pid,
    startMillis: performance.now() - started,
    [Symbol.asyncDispose]: async () => await end(child),
  };
};

const home = await mkdtemp(join(tmpdir(), "kauth-bench-"));
let made = 0;
const kauthDirect = async (): Promise<Api> => {
  const started = performance.now();
  const tokenFile = join(home, `token-${(made += 1)}`);
  const [file = "", ...first] = benchedProgram();
  const words = ["open", "svc/ui", "-n", "apps", "--kubeconfig", kubeconfig, "--leg", "direct"];
  const how = ["--skip-open-browser", "--output", "json", "--address", "127.0.0.1:0"];
  const child = spawn(file, [...first, ...words, ...how, "--api-token-file", tokenFile], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: home, KAUTH_HOME: home },
  });
  let url: URL | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { readonly event: string; readonly url?: string };
    if (event.event === "ready") url = new URL(event.url ?? "");
    if (url !== undefined) break;
  }
  if (url === undefined) throw new Error("kauth ended before it was ready");
  child.stdout.resume();
  return {
    name: "kauth open",
    host: "127.0.0.1",
    port: Number(url.port),
    headers: { Host: url.host, "x-kauth-token": (await readFile(tokenFile, "utf8")).trim() },
    prefix: "/clusters/main",
    pid: child.pid,
    startMillis: performance.now() - started,
    [Symbol.asyncDispose]: async () => await end(child),
  };
};

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

const ask = async (to: Api, asked: string, method = "GET", body?: unknown): Promise<number> =>
  await new Promise((resolve, reject) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const text = body === undefined ? undefined : JSON.stringify(body);
    // Node would send the body of a DELETE without saying how long it is.
    const described =
      text === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(text) };
    const headers = { ...to.headers, ...described };
    const of = { host: to.host, port: to.port, path: `${to.prefix}${asked}`, method, headers, agent };
    const sent = request(of, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
      response.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(text);
  });

/** Some at once, as a controller would. */
const each = async (count: number, work: (index: number) => Promise<number>): Promise<void> => {
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let index = next++; index < count; index = next++) {
        const status = await work(index);
        if (status >= 300 && status !== 409) throw new Error(`status ${status}`);
      }
    }),
  );
};

const pod = (name: string): unknown => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: "bench", tier: "none" }, annotations: { note: "x".repeat(200) } },
  spec: {
    schedulerName: "nobody",
    containers: [
      {
        name: "app",
        image: "example.invalid/app:1",
        ports: [{ containerPort: 8080 }],
        env: [{ name: "A", value: "b" }],
      },
      { name: "sidecar", image: "example.invalid/sidecar:1" },
    ],
  },
});

interface Row {
  readonly what: string;
  readonly unit: string;
  readonly more: boolean;
  readonly values: Map<string, number[]>;
}
const rows: Row[] = [];
const note = (what: string, unit: string, more: boolean, who: string, value: number): void => {
  let row = rows.find((known) => known.what === what);
  if (row === undefined) rows.push((row = { what, unit, more, values: new Map() }));
  row.values.set(who, [...(row.values.get(who) ?? []), value]);
};

interface Watched {
  readonly opened: number;
  /** From the first change to the last event at the last watch. Milliseconds. */
  readonly all: number;
  /** Of one change alone, to the last of the watches. */
  readonly alone: number;
  readonly cpu: number;
}

const NEWLINE = 10;

const watches = async (to: Api, admin: Api): Promise<Watched> => {
  const cpu = to.pid === undefined ? 0 : (await usage(to.pid)).cpu;
  const responses: IncomingMessage[] = [];
  let heard = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached = (): void => undefined;
  const until = async (count: number, change: () => Promise<unknown>): Promise<number> => {
    const from = performance.now();
    wanted = heard + count;
    const done = new Promise<void>((resolve) => (reached = resolve));
    await change();
    await done;
    return performance.now() - from;
  };
  const query = `?watch=1&resourceVersion=${await versionOf(to)}&timeoutSeconds=300`;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: WATCHES }, async () => {
      const of = { host: to.host, port: to.port, path: `${to.prefix}${LIST}${query}`, headers: to.headers };
      const sent = request({ ...of, agent: false });
      sent.end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      if (response.statusCode !== 200) throw new Error(`${to.name}: a watch answered ${response.statusCode}`);
      response.on("data", (chunk: Buffer) => {
        for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) heard += 1;
        if (heard >= wanted) reached();
      });
      responses.push(response);
    }),
  );
  const opened = performance.now() - started;
  const change = async (index: number): Promise<number> =>
    await ask(admin, `${LIST}/bench-${index}`, "PATCH", {
      metadata: { labels: { at: `${performance.now()}` } },
    });
  const alone: number[] = [];
  for (let index = 0; index < 10; index += 1)
    alone.push(await until(WATCHES, async () => await change(index)));
  const all = await until(WATCHES * CHANGES, async () => await each(CHANGES, change));
  for (const response of responses) response.destroy();
  return {
    opened,
    all,
    alone: median(alone),
    cpu: to.pid === undefined ? 0 : (await usage(to.pid)).cpu - cpu,
  };
};

const versionOf = async (to: Api): Promise<string> =>
  await new Promise((resolve, reject) => {
    const of = { host: to.host, port: to.port, path: `${to.prefix}${LIST}?limit=1`, headers: to.headers };
    const sent = request({ ...of, agent: false }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => (text += part.toString()));
      response.once("end", () => resolve(/"resourceVersion":"(\d+)"/.exec(text)?.[1] ?? ""));
    });
    sent.once("error", reject);
    sent.end();
  });

/** In turn, each as soon after the other as can be: the machine is not the same a minute later. */
const measure = async (both: readonly Api[], admin: Api): Promise<void> => {
  for (const [name, connections, headers] of [
    ["1 connection", 1, {}],
    ["1 connection, gzip as a browser asks", 1, { "Accept-Encoding": "gzip" }],
    ["6 connections", 6, {}],
    ["6 connections, gzip", 6, { "Accept-Encoding": "gzip" }],
  ] as const)
    for (const to of both) {
      const of: Contender = { ...to, headers: { ...to.headers, ...headers } };
      const found = await rate(of, connections, LASTING, `${to.prefix}${LIST}`);
      note(`lists/s of ${PODS} pods, ${name}`, "/s", true, to.name, found.perSecond);
      note(`CPU a list, ${name}`, "ms", false, to.name, found.cpuMicros / 1_000);
      if (found.errors > 0) print(`! ${to.name}, ${name}: ${found.errors} errors`);
    }
  for (const to of both) {
    const found = await rate(to, 6, LASTING, `${to.prefix}/api/v1/namespaces/apps`);
    note("objects/s, 6 connections", "/s", true, to.name, found.perSecond);
    note("CPU an object", "ms", false, to.name, found.cpuMicros / 1_000);
  }
  for (const to of both) {
    const watched = await watches(to, admin);
    note(`${WATCHES} watches open`, "ms", false, to.name, watched.opened);
    note(`1 change heard by ${WATCHES}`, "ms", false, to.name, watched.alone);
    const events = (WATCHES * CHANGES * 1_000) / watched.all;
    note(`events/s, ${CHANGES} changes heard by ${WATCHES}`, "/s", true, to.name, events);
    note("CPU of the watches", "s", false, to.name, watched.cpu);
    if (to.pid !== undefined) note("peak RSS", "MiB", false, to.name, (await usage(to.pid)).rss);
  }
};

needWrk();
const admin = await kubectlProxy();
try {
  await ask(admin, "/api/v1/namespaces", "POST", { metadata: { name: NAMESPACE } });
  await ask(admin, `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, "POST", {
    metadata: { name: "default" },
  });
  await each(PODS, async (index) => await ask(admin, LIST, "POST", pod(`bench-${index}`)));
  print(`rounds ${ROUNDS}, ${LASTING} s each`);
  await using theirs = await kubectlProxy();
  await using ours = await kauthDirect();
  // The first lists of a program are not its speed.
  for (const to of [theirs, ours]) await rate(to, 6, LASTING, `${to.prefix}${LIST}`);
  const both = [theirs, ours];
  for (let round = 0; round < ROUNDS; round += 1) {
    await measure(both, admin);
    // Whoever comes second has the busier server.
    both.reverse();
  }
} finally {
  for (const gone of [`${LIST}?gracePeriodSeconds=0`, `/api/v1/namespaces/${NAMESPACE}`]) {
    const status = await ask(admin, gone, "DELETE", { kind: "DeleteOptions", apiVersion: "v1" }).catch(
      String,
    );
    if (status !== 200) print(`! ${gone} could not be removed: ${status}`);
  }
  await admin[Symbol.asyncDispose]();
  agent.destroy();
  await rm(home, { recursive: true, force: true });
}

print("\n| what | kubectl proxy | kauth open | kauth / kubectl proxy |");
print("| --- | --- | --- | --- |");
for (const { what, unit, more, values } of rows) {
  const [theirs, ours] = ["kubectl proxy", "kauth open"].map((name) => median(values.get(name) ?? []));
  const ratio = ((ours ?? Number.NaN) / (theirs ?? Number.NaN)).toFixed(2);
  const better = more ? "more" : "less";
  print(
    `| ${what} | ${theirs?.toFixed(2)} ${unit} | ${ours?.toFixed(2)} ${unit} | ${ratio} × (${better} is better) |`,
  );
}
