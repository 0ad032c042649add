import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Times whole processes that make a token of AWS IAM from keys of the environment, in turn, and prints ratios to an empty
 * script: kauth, its compiled binary where `npm run build:binary` has made it, and AWS's own programs where
 * `npm run test:plugins` has installed them. A busy machine makes all of them slow, so that the best of many runs says
 * most. `BENCH_ROUNDS` is how often, by default 40.
 */
const ROUNDS = Math.max(5, Number(process.env["BENCH_ROUNDS"] ?? 40));
const ROOT = dirname(import.meta.dirname);
const PROGRAM = join(ROOT, "dist", "cli", "bin", "kauth.js");
const BINARY = join(ROOT, "build", "kauth");
const PLUGINS = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kauth-test-plugins");
const AWS = join(PLUGINS, "awscli-1.46.3", "bin", "aws");
const AUTHENTICATOR = join(PLUGINS, "aws-iam-authenticator-v0.6.13", "aws-iam-authenticator");

interface Row {
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly times: number[];
}

const row = (what: string, file: string, args: readonly string[]): Row => ({ what, file, args, times: [] });
const EKS = ["eks", "get-token", "--cluster-name", "bench", "--output", "json"];
const TOKEN = ["token", "-i", "bench"];
const empty = row("an empty script", process.execPath, ["-e", "0"]);
const rows = [
  empty,
  row("kauth iam token", process.execPath, [PROGRAM, "iam", ...TOKEN]),
  row("kauth eks get-token", process.execPath, [PROGRAM, ...EKS]),
  row("compiled: kauth iam token", BINARY, ["iam", ...TOKEN]),
  row("aws-iam-authenticator token", AUTHENTICATOR, TOKEN),
  row("aws eks get-token", AWS, EKS),
].filter(({ file }) => existsSync(file));

const once = ({ what, file, args }: Row, home: string): number => {
  const start = performance.now();
  const { status } = spawnSync(file, [...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      KAUTH_HOME: home,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_REGION: "eu-central-1",
    },
  });
  if (status !== 0) throw new Error(`${what} ended with ${status}`);
  return performance.now() - start;
};

const home = await mkdtemp(join(tmpdir(), "kauth-bench-"));
try {
  for (const each of rows) once(each, home);
  for (let round = 0; round < ROUNDS; round++) for (const each of rows) each.times.push(once(each, home));
  const base = Math.min(...empty.times);
  process.stdout.write(`whole processes, best of ${ROUNDS}, ${process.version}; times the empty script\n`);
  for (const { what, times } of rows) {
    const best = Math.min(...times);
    process.stdout.write(
      `${what.padEnd(28)} ${best.toFixed(1).padStart(7)} ms  ${(best / base).toFixed(2)}\n`,
    );
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
