import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../test/aws/free-port.ts";
import { ACCOUNT, CLUSTER_ID, reviewOf, tokenOf } from "../test/aws/iam-server-scene.ts";
import { needWrk } from "./load.ts";
import { pumpReviews, type Pumped } from "./reviews.ts";

/**
 * `npm run bench:iam`: `kauth iam server` and aws-iam-authenticator's, each with the same configuration and the same STS
 * behind the same proxy, in turn. KAUTH_BENCH_BINARY names a compiled kauth to be measured too.
 */
const REFERENCE =
  process.env["KAUTH_TEST_AWS_IAM_AUTHENTICATOR"] ??
  join(homedir(), ".cache/kauth-test-plugins/aws-iam-authenticator-v0.6.13/aws-iam-authenticator");
const BINARY = process.env["KAUTH_BENCH_BINARY"] ?? "";
const CONNECTIONS = 50;
/** Seconds. */
const WARM = 2;
const LASTING = Number(process.env["BENCH_SECONDS"] ?? 5);
const PACE = { perSecond: 1_000, seconds: 8 };
/** Ticks of the kernel's clock for CPU time. */
const TICK = 10;

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly cpu: number;
  readonly peak: number;
  readonly questions: number;
  readonly connections: number;
}

needWrk();
const directory = await mkdtemp(join(tmpdir(), "kauth-bench-iam-"));
const stsProcess = spawn(process.execPath, [join(import.meta.dirname, "iam-sts.ts")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const stsLines = createInterface({ input: stsProcess.stdout })[Symbol.asyncIterator]();
const stsLine = async (): Promise<unknown> => JSON.parse((await stsLines.next()).value as string) as unknown;
const env = (await stsLine()) as Readonly<Record<string, string>>;
const stsCounts = async (): Promise<readonly [number, number]> => {
  stsProcess.kill("SIGUSR2");
  return (await stsLine()) as readonly [number, number];
};

await writeFile(
  join(directory, "config.yaml"),
  `clusterID: ${CLUSTER_ID}\nserver:\n  mapRoles:\n  - roleARN: arn:aws:iam::${ACCOUNT}:role/Dev\n    username: dev:{{SessionName}}\n    groups: [devs]\n`,
);

interface Running {
  readonly port: number;
  readonly child: ChildProcess;
  readonly agent: Agent;
}

const start = async (program: readonly string[], more: readonly string[]): Promise<Running> => {
  const port = await freePort();
  const state = join(directory, String(port));
  await mkdir(state);
  const [file = "", ...first] = program;
  const args = ["-c", join(directory, "config.yaml"), "--port", String(port), "--state-dir", state];
  const child = spawn(
    file,
    [...first, ...args, "--generate-kubeconfig", join(state, "kubeconfig.yaml"), ...more],
    {
      stdio: ["ignore", "ignore", "ignore"],
      env: {
        PATH: process.env["PATH"],
        HOME: state,
        KAUTH_HOME: state,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1",
        AWS_REGION: "us-west-2",
        ...env,
      },
    },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, rejectUnauthorized: false });
  for (let tries = 0; ; tries++) {
    const up = await get({ port, child, agent }).catch(() => false);
    if (up) return { port, child, agent };
    if (tries > 200) throw new Error(`${file} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const get = async ({ port, agent }: Running): Promise<boolean> =>
  await new Promise((resolve, reject) => {
    httpsRequest({ host: "127.0.0.1", port, path: "/healthz", agent }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode === 200));
    })
      .once("error", reject)
      .end();
  });

const post = async ({ port, agent }: Running, body: string): Promise<string> =>
  await new Promise((resolve, reject) => {
    httpsRequest(
      {
        host: "127.0.0.1",
        port,
        path: "/authenticate",
        method: "POST",
        agent,
        headers: { "Content-Length": Buffer.byteLength(body) },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.once("end", () => resolve(text));
      },
    )
      .once("error", reject)
      .end(body);
  });

/** Milliseconds of CPU that a process has used so far. */
const cpuOf = ({ child }: Running): number => {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK;
};
/** MiB. */
const peakOf = ({ child }: Running): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const stop = async ({ child, agent }: Running): Promise<void> => {
  agent.destroy();
  child.kill("SIGKILL");
  await once(child, "close");
};

const bodies = (distinct: number): readonly string[] =>
  Array.from({ length: distinct }, (_none, index) =>
    reviewOf(tokenOf(`ASIA${String(index).padStart(16, "0")}`), "v1beta1"),
  );

const throughput = async (
  name: string,
  program: readonly string[],
  more: readonly string[],
  distinct: number,
): Promise<Row> => {
  const running = await start(program, more);
  try {
    const reviews = bodies(distinct);
    const pump = async (seconds: number): Promise<Pumped> =>
      await pumpReviews(running.port, reviews, {
        connections: CONNECTIONS,
        seconds,
        wanted: '"dev:jane"',
        directory,
      });
    await pump(WARM);
    const [cpu, counts] = [cpuOf(running), await stsCounts()];
    const { answered, perSecond } = await pump(LASTING);
    const after = await stsCounts();
    return {
      name,
      rate: perSecond,
      cpu: (cpuOf(running) - cpu) / answered,
      peak: peakOf(running),
      questions: (after[0] - counts[0]) / answered,
      connections: after[1] - counts[1],
    };
  } finally {
    await stop(running);
  }
};

/** Denials of one bad token at a steady pace, whoever is late. */
const denials = async (
  program: readonly string[],
): Promise<{ readonly p99: number; readonly peak: number }> => {
  const running = await start(program, []);
  const body = reviewOf(tokenOf("AKIABADBADBADBADBADB"));
  const times: number[] = [];
  const waiting: Promise<void>[] = [];
  const one = async (due: number): Promise<void> => {
    await post(running, body);
    times.push(performance.now() - due);
  };
  try {
    await post(running, body);
    const begin = performance.now();
    for (let sent = 0; sent < PACE.perSecond * PACE.seconds;) {
      const due = begin + (sent / PACE.perSecond) * 1000;
      const wait = due - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      for (const until = performance.now(); begin + (sent / PACE.perSecond) * 1000 <= until; sent++)
        waiting.push(one(begin + (sent / PACE.perSecond) * 1000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(waiting);
    // The first second warms.
    const sorted = times.slice(PACE.perSecond).toSorted((a, b) => a - b);
    return { p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN, peak: peakOf(running) };
  } finally {
    await stop(running);
  }
};

const ROOT = join(import.meta.dirname, "..");
const KAUTH = [process.execPath, join(ROOT, "dist/cli/bin/kauth.js"), "iam", "server"];
const OPEN = ["--sts-qps", "1000000", "--sts-burst", "1000000"];
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const row = ({ name, rate, cpu, peak, questions, connections }: Row): string =>
  `${name.padEnd(44)} ${rate.toFixed(0).padStart(7)} ${cpu.toFixed(2).padStart(8)} ${peak.toFixed(0).padStart(8)} ${questions.toFixed(2).padStart(9)} ${String(connections).padStart(11)}`;

try {
  print(
    `${"".padEnd(44)} ${"rev./s".padStart(7)} ${"CPU ms".padStart(8)} ${"peak MiB".padStart(8)} ${"STS/rev.".padStart(9)} ${"new to STS".padStart(11)}`,
  );
  const rows: Row[] = [];
  const measure = async (...args: Parameters<typeof throughput>): Promise<Row> => {
    const found = await throughput(...args);
    rows.push(found);
    print(row(found));
    return found;
  };
  const theirs = existsSync(REFERENCE)
    ? await measure("aws-iam-authenticator", [REFERENCE, "server"], [], 2_000)
    : undefined;
  if (theirs === undefined) print("aws-iam-authenticator is not here: no ratios");
  const programs = [
    { name: "kauth on Node", program: KAUTH },
    ...(BINARY === "" ? [] : [{ name: "kauth, compiled", program: [BINARY, "iam", "server"] }]),
  ];
  for (const { name, program } of programs) {
    const plain = await measure(name, program, OPEN, 2_000);
    const kept = await measure(
      `${name}, --verdict-cache 10s`,
      program,
      [...OPEN, "--verdict-cache", "10s"],
      200,
    );
    if (theirs !== undefined)
      print(
        `  ${name}: ${(plain.rate / theirs.rate).toFixed(2)} × its rate without the cache, ${(kept.rate / theirs.rate).toFixed(2)} × with it; ${(plain.cpu / theirs.cpu).toFixed(2)} × its CPU, ${(kept.cpu / theirs.cpu).toFixed(2)} × with the cache`,
      );
    const { p99, peak } = await denials(program);
    print(
      `  ${name}: ${PACE.perSecond}/s of cached denials, p99 ${p99.toFixed(1)} ms, peak ${peak.toFixed(0)} MiB`,
    );
  }
} finally {
  stsProcess.kill();
  await rm(directory, { recursive: true, force: true });
}
