import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { warmCache } from "./warm-cache.ts";

/**
 * V8 compiles a function when it is first called, and what it compiles then is not kept for the next run. A function in
 * parentheses is compiled together with its file, and kept with it. So those that a short command calls are put into
 * parentheses: they are half of its start.
 */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Whether parentheses may stand around it: an arrow function, or a function that is a value. */
const isExpression = (text: string, { start }: Range): boolean => {
  const code = text.slice(start, start + 200);
  if (/^(?:async\s+)?function\b/.test(code))
    return /[=(,:?[]\s*$/.test(text.slice(Math.max(0, start - 20), start));
  return /^(?:async\s*)?(?:\(|[\w$]+\s*=>)/.test(code);
};

/** The text with parentheses around these functions. */
export const inParentheses = (text: string, ranges: readonly Range[]): string => {
  const marks = ranges
    .filter((range) => isExpression(text, range))
    .flatMap(({ start, end }) => [
      { at: start, mark: "(" },
      { at: end, mark: ")" },
    ])
    .toSorted((left, right) => left.at - right.at);
  let done = 0;
  let result = "";
  for (const { at, mark } of marks) {
    result += text.slice(done, at) + mark;
    done = at;
  }
  return result + text.slice(done);
};

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** A kubeconfig as programs write it. */
const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: c
clusters:
- cluster:
    certificate-authority-data: LS0t
    server: https://127.0.0.1:1
  name: c
contexts:
- context:
    cluster: c
    user: u
  name: c
users:
- name: u
  user:
    token: token
`;

/** What other programs run at each call of theirs. */
const TOKEN = ["token"];
/** It has its time in it, so that no two are the same. */
const IAM_TOKEN = ["iam", "token", "-i", "cluster"];
const AWS_KEYS = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1" };
/** All of `kauth open`, with a cluster in the same process. */
const OPEN = ["demo", "--once"];

/** Runs the built program as other programs do, and puts what it calls into parentheses. @throws {Error} when it fails */
export async function compileEagerly(program: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "kauth-build-"));
  const run = (args: readonly string[], coverage: Readonly<Record<string, string>> = {}): string => {
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      KAUTH_HOME: home,
      KUBECONFIG: join(home, "config"),
      ...coverage,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      env,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`The built program does not run: ${stderr}`);
    return stdout;
  };
  try {
    writeFileSync(join(home, "config"), KUBECONFIG);
    const directory = join(home, "coverage");
    const plugins = [TOKEN, await warmCache(home)];
    const printed = plugins.map((words) => run(words, { NODE_V8_COVERAGE: directory }));
    run(IAM_TOKEN, { ...AWS_KEYS, NODE_V8_COVERAGE: directory });
    run(OPEN, { NODE_V8_COVERAGE: directory });
    for (const [file, ranges] of calledFunctions(directory, resolve(program, "..", "..")))
      writeFileSync(file, inParentheses(readFileSync(file, "utf8"), ranges));
    run(OPEN);
    if (plugins.some((words, index) => run(words) !== printed[index]))
      throw new Error("The built program prints something else now");
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Functions of ours that were called, by file. */
const calledFunctions = (directory: string, ours: string): ReadonlyMap<string, readonly Range[]> => {
  const found = new Map<string, Map<number, Range>>();
  for (const name of readdirSync(directory)) {
    const { result } = JSON.parse(readFileSync(join(directory, name), "utf8")) as Coverage;
    for (const { url, functions } of result) {
      if (!url.startsWith("file:")) continue;
      const file = fileURLToPath(url);
      if (!file.startsWith(ours)) continue;
      // The first range is the function itself, and that of the whole file is its first function.
      const ranges = functions
        .slice(1)
        .flatMap(({ ranges: [whole] }): Range[] =>
          whole === undefined || whole.count === 0
            ? []
            : [{ start: whole.startOffset, end: whole.endOffset }],
        );
      const held = found.get(file) ?? new Map<number, Range>();
      for (const range of ranges) held.set(range.start, range);
      found.set(file, held);
    }
  }
  return new Map([...found].map(([file, ranges]) => [file, [...ranges.values()]]));
};
