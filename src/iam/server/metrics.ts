import type { ErrorCode } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";
import type { Outcome } from "./authenticate.ts";

/** The reference's names for how a question ended, its spelling too. */
export type Result =
  | "success"
  | "invalid_token"
  | "malformed_request"
  | "sts_error"
  | "sts_throttling"
  | "uknown_user"
  | "rate_limited";

/** Counters and one histogram, in Prometheus' text format. */
export interface Metrics {
  count(name: CounterName, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(result: Result, time: Millis): void;
  /** From a change of a mapping, as its writer says, to its effect. */
  observeLatency(type: "dynamic_file" | "dynamic_backend_mode", time: Millis): void;
  /** Shown with its value at that moment. */
  gauge(name: string, help: string, value: () => number): void;
  text(): string;
}

const PREFIX = "aws_iam_authenticator_";

/** The reference's and, behind them, ours. */
const COUNTERS = {
  configmap_watch_failures_total: "Failures of the watch of kube-system/aws-auth",
  dynamicfile_failures_total: "Versions of the dynamic file that could not be used",
  sts_connection_failures_total: "Questions to STS that got no answer",
  sts_throttling_total: "Answers of STS that said: too often",
  sts_responses_total: "Answers of STS",
  ec2_describe_instances_calls_total: "Questions to EC2",
  identity_status_failures_total: "Statuses of IAMIdentityMapping that could not be written",
  denials_total: "Refusals by their code",
  verdicts_total: "How an identity was come by: sts, shared or memory",
} as const;
export type CounterName = keyof typeof COUNTERS;

/** Go's client's own. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LATENCY_BUCKETS = [1, 3, 5, 10, 15, 20, 30, 60];
/** Hosts are finitely many already; past this they share a name, so that nobody fills the memory of who collects. */
const SERIES_MOST = 200;

interface Histogram {
  readonly counts: number[];
  sum: number;
  total: number;
}

interface Histograms {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly buckets: readonly number[];
  readonly series: Map<string, Histogram>;
}

export function createMetrics(): Metrics {
  const counters = new Map<CounterName, Map<string, number>>(
    (Object.keys(COUNTERS) as CounterName[]).map((name) => [name, new Map<string, number>()]),
  );
  const answers: Histograms = {
    name: "authenticate_latency_seconds",
    help: "How long an answer took, by how it ended",
    label: "result",
    buckets: BUCKETS,
    series: new Map(),
  };
  const changes: Histograms = {
    name: "dynamic_e2e_latency_seconds",
    help: "From a change of a mapping to its effect",
    label: "type",
    buckets: LATENCY_BUCKETS,
    series: new Map(),
  };
  const gauges = new Map<string, { readonly help: string; readonly value: () => number }>();
  return {
    count: (name, labels = {}, by = 1) => {
      const series = counters.get(name) ?? new Map<string, number>();
      const wanted = labelText(labels);
      const key = series.has(wanted) || series.size < SERIES_MOST ? wanted : labelText({ other: "true" });
      series.set(key, (series.get(key) ?? 0) + by);
    },
    observe: (result, time) => add(answers, result, time),
    observeLatency: (type, time) => add(changes, type, time),
    gauge: (name, help, value) => void gauges.set(name, { help, value }),
    text: () =>
      [
        ...[...counters].flatMap(([name, series]) => counterLines(name, series)),
        ...histogramLines(answers),
        ...histogramLines(changes),
        ...[...gauges].flatMap(([name, { help, value }]) => [
          `# HELP ${PREFIX}${name} ${help}`,
          `# TYPE ${PREFIX}${name} gauge`,
          `${PREFIX}${name} ${value()}`,
        ]),
        "",
      ].join("\n"),
  };
}

const labelText = (labels: Readonly<Record<string, string>>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

const counterLines = (name: CounterName, series: ReadonlyMap<string, number>): readonly string[] => [
  `# HELP ${PREFIX}${name} ${COUNTERS[name]}`,
  `# TYPE ${PREFIX}${name} counter`,
  ...[...series].map(([labels, value]) => `${PREFIX}${name}${labels} ${value}`),
];

const add = ({ series, buckets }: Histograms, value: string, time: Millis): void => {
  const found = series.get(value) ?? { counts: buckets.map(() => 0), sum: 0, total: 0 };
  series.set(value, found);
  const inSeconds = time / 1000;
  for (const [index, edge] of buckets.entries())
    if (inSeconds <= edge) found.counts[index] = (found.counts[index] ?? 0) + 1;
  found.sum += inSeconds;
  found.total += 1;
};

const histogramLines = ({ name, help, label, buckets, series }: Histograms): readonly string[] => [
  `# HELP ${PREFIX}${name} ${help}`,
  `# TYPE ${PREFIX}${name} histogram`,
  ...[...series].flatMap(([value, { counts, sum, total }]) => [
    ...buckets.map(
      (edge, index) => `${PREFIX}${name}_bucket{${label}="${value}",le="${edge}"} ${counts[index] ?? 0}`,
    ),
    `${PREFIX}${name}_bucket{${label}="${value}",le="+Inf"} ${total}`,
    `${PREFIX}${name}_sum{${label}="${value}"} ${sum}`,
    `${PREFIX}${name}_count{${label}="${value}"} ${total}`,
  ]),
];

const RESULTS: Readonly<Partial<Record<ErrorCode, Result>>> = {
  IAM_TOKEN_REFUSED: "invalid_token",
  IAM_STS_THROTTLED: "sts_throttling",
  IAM_STS_LIMIT: "rate_limited",
  IAM_STS_FAILED: "sts_error",
  IAM_STS_REFUSED: "sts_error",
};

/** How the reference would have counted it. */
export const resultOf = ({ verdict }: Outcome): Result =>
  verdict.kind === "granted" ? "success" : (RESULTS[verdict.error.code] ?? "uknown_user");
