import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { warmCache } from "../tools/warm-cache.ts";

/**
 * Times whole processes of the built program and of the binary, in turn, beside an empty script and kubectl, and prints
 * ratios. A busy machine makes all of them slow, so that the best of many runs says most. `BENCH_ROUNDS` is how often, by
 * default 40.
 */
const ROUNDS = Math.max(20, Number(process.env["BENCH_ROUNDS"] ?? 40));
const ROOT = dirname(import.meta.dirname);
const PROGRAM = join(ROOT, "dist", "cli", "bin", "kauth.js");
const BINARY = join(ROOT, "build", "kauth");
/** What issue 7 asks of `get-token` with a token in the cache. */
const LEAST = { binary: 0.3, node: 1.4 };

const CONFIG = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "bench",
  clusters: [
    {
      name: "bench",
      cluster: {
        server: "https://127.0.0.1:6443",
        "certificate-authority-data": Buffer.from("-----BEGIN CERTIFICATE-----\n".repeat(40)).toString(
          "base64",
        ),
      },
    },
  ],
  contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
  users: [{ name: "bench", user: { token: "t".repeat(900) } }],
};

interface Row {
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly kubeconfig: string;
  readonly times: number[];
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const has = (file: string): boolean =>
  spawnSync(file, ["version", "--client"], { stdio: "ignore" }).status === 0;

const once = (row: Row, home: string): number => {
  const start = performance.now();
  const { status } = spawnSync(row.file, [...row.args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: home, KAUTH_HOME: home, KUBECONFIG: row.kubeconfig },
  });
  if (status !== 0) throw new Error(`${row.what} ended with ${status}`);
  return performance.now() - start;
};

const home = await mkdtemp(join(tmpdir(), "kauth-bench-"));
try {
  const yaml = join(home, "config.yaml-file");
  const json = join(home, "config.json-file");
  await writeFile(yaml, stringify(CONFIG, { lineWidth: 0 }), { mode: 0o600 });
  await writeFile(json, JSON.stringify(CONFIG), { mode: 0o600 });
  const row = (
    what: string,
    args: readonly string[],
    kubeconfig: string,
    file: string = process.execPath,
  ): Row => ({
    what,
    file,
    args,
    kubeconfig,
    times: [],
  });
  const getToken = await warmCache(home);
  const empty = row("an empty script", ["-e", "0"], yaml);
  const kubectl = has("kubectl")
    ? row("kubectl version --client", ["version", "--client"], yaml, "kubectl")
    : undefined;
  const onNode = row("oidc get-token, token in the cache", [PROGRAM, ...getToken], yaml);
  const compiled = row("the same, compiled", getToken, yaml, BINARY);
  const oidc = [onNode, ...(existsSync(BINARY) ? [compiled] : [])];
  const rows = [
    empty,
    row("kauth token, kubeconfig in YAML", [PROGRAM, "token"], yaml),
    row("kauth token, kubeconfig in JSON", [PROGRAM, "token"], json),
    row("kauth --version", [PROGRAM, "--version"], yaml),
    ...oidc,
    row("/bin/true", [], yaml, "/bin/true"),
    ...(kubectl === undefined ? [] : [kubectl]),
  ];
  // The first run keeps the compiled code for the others.
  for (const each of rows) once(each, home);
  for (let round = 0; round < ROUNDS; round++) for (const each of rows) each.times.push(once(each, home));
  const ratio = (value: number, base: number): string => (value / base).toFixed(2);
  process.stdout.write(`whole processes, ${ROUNDS} rounds, ${process.version}; times the empty script\n`);
  for (const { what, times } of rows) {
    const best = Math.min(...times);
    const middle = median(times);
    process.stdout.write(
      `${what.padEnd(34)} best ${best.toFixed(1)} ms (${ratio(best, Math.min(...empty.times))})  ` +
        `median ${middle.toFixed(1)} ms (${ratio(middle, median(empty.times))})\n`,
    );
  }
  const least = ({ times }: Row): number => Math.min(...times);
  process.stdout.write(
    `get-token on Node: ${ratio(least(onNode), least(empty))} of an empty script (aim ${LEAST.node})\n`,
  );
  if (kubectl !== undefined && compiled.times.length > 0)
    process.stdout.write(
      `get-token compiled: ${ratio(least(compiled), least(kubectl))} of kubectl version --client (aim ${LEAST.binary})\n`,
    );
} finally {
  await rm(home, { recursive: true, force: true });
}
