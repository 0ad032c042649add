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
  denials_total: "Refusals by their code",
  verdicts_total: "How an identity was come by: sts, shared or memory",
} as const;
export type CounterName = keyof typeof COUNTERS;

/** Go's client's own. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Hosts are finitely many already; past this they share a name, so that nobody fills the memory of who collects. */
const SERIES_MOST = 200;

interface Histogram {
  readonly counts: number[];
  sum: number;
  total: number;
}

export function createMetrics(): Metrics {
  const counters = new Map<CounterName, Map<string, number>>(
    (Object.keys(COUNTERS) as CounterName[]).map((name) => [name, new Map<string, number>()]),
  );
  const histograms = new Map<Result, Histogram>();
  const gauges = new Map<string, { readonly help: string; readonly value: () => number }>();
  return {
    count: (name, labels = {}, by = 1) => {
      const series = counters.get(name) ?? new Map<string, number>();
      const wanted = labelText(labels);
      const key = series.has(wanted) || series.size < SERIES_MOST ? wanted : labelText({ other: "true" });
      series.set(key, (series.get(key) ?? 0) + by);
    },
    observe: (result, time) => {
      const found = histograms.get(result) ?? { counts: BUCKETS.map(() => 0), sum: 0, total: 0 };
      histograms.set(result, found);
      const inSeconds = time / 1000;
      for (const [index, edge] of BUCKETS.entries())
        if (inSeconds <= edge) found.counts[index] = (found.counts[index] ?? 0) + 1;
      found.sum += inSeconds;
      found.total += 1;
    },
    gauge: (name, help, value) => void gauges.set(name, { help, value }),
    text: () =>
      [
        ...[...counters].flatMap(([name, series]) => counterLines(name, series)),
        ...histogramLines(histograms),
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

const histogramLines = (histograms: ReadonlyMap<Result, Histogram>): readonly string[] => {
  const name = `${PREFIX}authenticate_latency_seconds`;
  return [
    `# HELP ${name} How long an answer took, by how it ended`,
    `# TYPE ${name} histogram`,
    ...[...histograms].flatMap(([result, { counts, sum, total }]) => [
      ...BUCKETS.map(
        (edge, index) => `${name}_bucket{result="${result}",le="${edge}"} ${counts[index] ?? 0}`,
      ),
      `${name}_bucket{result="${result}",le="+Inf"} ${total}`,
      `${name}_sum{result="${result}"} ${sum}`,
      `${name}_count{result="${result}"} ${total}`,
    ]),
  ];
};

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
