import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { object, parseJson, string } from "../src/base/decode.ts";
import { testCluster } from "../tools/test-cluster.ts";
import {
  benchedProgram,
  kauthOpen,
  kauthproxy,
  kubectlForward,
  usage,
  type Contender,
  type Place,
} from "./contender.ts";
import { download, needWrk, rate, upload, type Rate } from "./load.ts";

/**
 * Times `kauth open` beside `kubectl port-forward` (and kauthproxy, where it is on PATH) on a real cluster, in
 * turn, and prints ratios of medians. Set `KAUTH_E2E_CLUSTER`; `BENCH_ROUNDS` and `BENCH_SECONDS` bound it.
 */
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const LASTING = Number(process.env["BENCH_SECONDS"] ?? 4);
const SIZE = 256 * 1024 * 1024;
const WARM = 32 * 1024 * 1024;
const SMALL = "/healthz";

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

const onPath = async (name: string): Promise<string | undefined> => {
  for (const directory of (process.env["PATH"] ?? "").split(":")) {
    const path = join(directory, name);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const place = async (): Promise<Place> => {
  const path = testCluster(process.env);
  if (path === "") throw new Error("KAUTH_E2E_CLUSTER must name a cluster.json");
  const facts = object({ kubectl: string, kubeconfigs: string })(parseJson(await readFile(path, "utf8")), "");
  return {
    kubectl: facts.kubectl,
    kubeconfig: join(facts.kubeconfigs, "alice-token"),
    namespace: "apps",
    service: "single",
  };
};

interface Row {
  readonly what: string;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly values: Map<string, number[]>;
}

const main = async (): Promise<void> => {
  const where = await place();
  needWrk();
  const program = benchedProgram();
  const proxy = await onPath("kauthproxy");
  const makers: readonly (() => Promise<Contender>)[] = [
    () => kubectlForward(where),
    () => kauthOpen(where, program),
    ...(proxy === undefined ? [] : [() => kauthproxy(where, proxy)]),
  ];
  print(
    `program: ${program.join(" ").replaceAll(dirname(import.meta.dirname), ".")}; rounds ${ROUNDS}, ${LASTING} s each`,
  );
  if (proxy === undefined) print("kauthproxy is not on PATH: not measured");
  const rows: Row[] = [];
  const note = (what: string, unit: string, higherIsBetter: boolean, who: string, value: number): void => {
    let row = rows.find((entry) => entry.what === what);
    if (row === undefined) rows.push((row = { what, unit, higherIsBetter, values: new Map() }));
    row.values.set(who, [...(row.values.get(who) ?? []), value]);
  };
  const noteRate = (name: string, who: string, found: Rate): void => {
    note(`requests/s, ${name}`, "/s", true, who, found.perSecond);
    note(`p50, ${name}`, "ms", false, who, found.p50);
    note(`p99, ${name}`, "ms", false, who, found.p99);
    note(`CPU a request, ${name}`, "us", false, who, found.cpuMicros);
    if (found.errors > 0) print(`! ${who}, ${name}: ${found.errors} errors`);
  };
  for (let round = 0; round < ROUNDS; round++)
    for (const make of makers) {
      await using started = await make();
      note("start to first answer", "ms", false, started.name, started.startMillis);
    }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, connections] of [
      ["1 connection", 1],
      ["50 connections", 50],
      ["200 connections", 200],
    ] as const)
      for (const make of makers) {
        await using contender = await make();
        await rate(contender, connections, 1, SMALL);
        noteRate(name, contender.name, await rate(contender, connections, LASTING, SMALL));
      }
    for (const make of makers) {
      await using contender = await make();
      // As with requests, the first seconds of a program are not its speed.
      await download(contender, WARM);
      await upload(contender, WARM);
      note("256 MiB down", "MB/s", true, contender.name, await download(contender, SIZE));
      note("256 MiB up", "MB/s", true, contender.name, await upload(contender, SIZE));
      if (contender.pid !== undefined)
        note("peak RSS during transfers", "MiB", false, contender.name, (await usage(contender.pid)).rss);
    }
  }
  const names = [...new Set(rows.flatMap((row) => [...row.values.keys()]))];
  const base = names[0] ?? "";
  print(`\n| what | ${names.join(" | ")} | kauth / ${base} |`);
  print(`| --- | ${names.map(() => "---").join(" | ")} | --- |`);
  for (const row of rows) {
    const cells = names.map((name) => `${median(row.values.get(name) ?? []).toFixed(2)} ${row.unit}`);
    const ratio = median(row.values.get("kauth open") ?? []) / median(row.values.get(base) ?? []);
    print(
      `| ${row.what} | ${cells.join(" | ")} | ${ratio.toFixed(2)} × ${row.higherIsBetter ? "(more is better)" : "(less is better)"} |`,
    );
  }
};

await main();
