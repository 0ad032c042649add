import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { PROGRAM } from "../program.ts";
import type { Words } from "./message.ts";
import { kauthWords, kubectlWords } from "./message.ts";
import type { Outcome } from "./outcome.ts";
import { installPlugin, pluginRuns, type PluginAnswer } from "./plugin.ts";
import type { Seen } from "./recorder.ts";
import type { Fields, FileWish, Json, Row } from "./row.ts";
import type { Scene } from "./scene.ts";

/** A program that says who the API server takes it for, with one request. */
export interface Contender {
  readonly command: readonly string[];
  readonly words: (stderr: string) => Words;
  /** Those of its requests that count. */
  readonly counted: (requests: readonly Seen[]) => readonly Seen[];
}

export const kubectlContender = (program: string): Contender => ({
  command: [program, "auth", "whoami", "--output=json"],
  words: kubectlWords,
  counted: (requests) => requests,
});

const actsAs = ({ identity }: Seen): boolean => identity.some((line) => line.startsWith("impersonate-user:"));

export const KAUTH: Contender = {
  command: [...PROGRAM, "whoami"],
  words: kauthWords,
  // Who acts as somebody else is also told who it is itself: with a request more.
  counted: (requests) => (requests.some(actsAs) ? requests.filter(actsAs) : requests),
};

/** Where the row's own kubeconfig lies. */
const KUBECONFIG = "kube/config";
/** Neither program takes that long, but for a row that hangs. */
const END = 60_000;

const WORD = /<([a-z][a-z0-9-]*)>/g;

const replaceIn = (text: string, words: ReadonlyMap<string, string>): string =>
  text.replaceAll(WORD, (whole, name: string) => words.get(name) ?? whole);

/** The same in every text of a value. */
const replaceWords = <T>(value: T, words: ReadonlyMap<string, string>): T =>
  JSON.parse(
    JSON.stringify(value).replaceAll(WORD, (whole, name: string) => {
      const word = words.get(name);
      return word === undefined ? whole : JSON.stringify(word).slice(1, -1);
    }),
  ) as T;

/** A kubeconfig with one of everything. */
export const kubeconfig = ({ cluster, user, context }: Pick<Row, "cluster" | "user" | "context">): Json => ({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "work",
  clusters:
    cluster === "none"
      ? []
      : [
          {
            name: "prod",
            cluster: cluster ?? { server: "<https>", "certificate-authority-data": "<ca>" },
          },
        ],
  users: [{ name: "alice", user: user ?? {} }],
  contexts: [{ name: "work", context: context ?? { cluster: "prod", user: "alice" } }],
});

const isMode = (wish: FileWish): wish is { readonly text: string; readonly mode: number } =>
  typeof wish === "object" && wish !== null && "mode" in wish && "text" in wish;

/** The files of a row, by path; ready to be written. */
const filesOf = (
  row: Row,
  words: ReadonlyMap<string, string>,
): ReadonlyMap<string, { readonly text: string; readonly mode: number }> => {
  const wishes: (readonly [string, FileWish])[] = Object.entries(row.files ?? {});
  if (row.config !== "none") wishes.unshift([KUBECONFIG, row.config ?? kubeconfig(row)]);
  return new Map(
    wishes.map(([path, wish]) => {
      const { text, mode } = isMode(wish) ? wish : { text: wish, mode: 0o600 };
      const replaced = replaceWords(text, words);
      return [
        path,
        { text: typeof replaced === "string" ? replaced : JSON.stringify(replaced, undefined, 1), mode },
      ];
    }),
  );
};

const printed = (
  { stdout, later, ...rest }: PluginAnswer,
  words: ReadonlyMap<string, string>,
): PluginAnswer<string> => {
  const print = (value: unknown): string => {
    const replaced = replaceWords(value, words);
    return typeof replaced === "string" ? replaced : JSON.stringify(replaced);
  };
  return {
    ...rest,
    ...(stdout === undefined ? {} : { stdout: print(stdout) }),
    ...(later === undefined ? {} : { later: later.map(print) }),
  };
};

/** Gives a row to one of the two, in a directory that looks the same for both. */
export async function play(row: Row, scene: Scene, contender: Contender): Promise<Outcome> {
  const { directory } = scene;
  const words = scene.words;
  await rm(directory, { recursive: true, force: true });
  const work = join(directory, "work");
  const records = join(directory, "records");
  for (const path of [work, join(directory, "home"), join(directory, "kube")])
    await mkdir(path, { recursive: true, mode: 0o700 });
  await installPlugin(join(directory, "bin"), records, printed(row.plugin ?? {}, words));
  const files = filesOf(row, words);
  for (const [path, { text, mode }] of files) {
    const place = join(directory, path);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    if (path.endsWith("/")) continue;
    await writeFile(place, text);
    await chmod(place, mode);
  }
  const answers = row.answers ?? [201];
  scene.answer((_seen, number) => answers[number] ?? answers.at(-1) ?? 201);
  scene.provide(replaceWords(row.provider ?? {}, words));
  scene.take();
  const env: Record<string, string | undefined> = {
    PATH: `${join(directory, "bin")}:/usr/bin:/bin`,
    HOME: join(directory, "home"),
    KUBECONFIG: join(directory, KUBECONFIG),
    KAUTH_HOME: join(directory, "kauth"),
    KAUTH_RECORDS: records,
  };
  for (const [name, value] of Object.entries(row.env ?? {}))
    env[name] = value === undefined ? undefined : replaceIn(value, words);
  const args = (row.args ?? []).map((word) => replaceIn(word, words));
  const command = guarded([...contender.command, ...args], row, join(directory, "account"));
  const ended = await finish(command, { env, cwd: work });
  const { message, said } = contender.words(ended.stderr);
  const taken = scene.take();
  return {
    done: ended.code === 0,
    message: ended.code === 0 ? "" : message,
    said,
    ...taken,
    requests: contender.counted(taken.requests),
    runs: await pluginRuns(records),
    written: await writtenOf(files, directory),
  };
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** What a pod sees: a file system of its own over the place of the service account. */
const POD = `mount -t tmpfs tmpfs /var/run || exit 99
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
cp "$1"/* /var/run/secrets/kubernetes.io/serviceaccount
shift
exec "$@"`;

/** Around the command: a terminal, a pod, and for root a lack of its special rights. */
const guarded = (command: readonly string[], row: Row, account: string): readonly string[] => {
  const inPod =
    row.pod === true
      ? [
          "unshare",
          ...(isRoot() ? [] : ["--user", "--map-root-user"]),
          "--mount",
          "sh",
          "-c",
          POD,
          "sh",
          account,
          ...command,
        ]
      : command;
  const bare =
    row.unprivileged === true && isRoot()
      ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", ...inPod]
      : inPod;
  if (row.terminal !== true) return bare;
  const quoted = bare.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return ["script", "--quiet", "--return", "--command", quoted, "/dev/null"];
};

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

const finish = async (
  [file = "", ...args]: readonly string[],
  around: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<Ended> => {
  const child = spawn(file, args, { ...around, stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  child.stdout.resume();
  child.stderr.on("data", (part: Buffer) => said.push(part));
  const timer = setTimeout(() => child.kill("SIGKILL"), END);
  await once(child, "close");
  clearTimeout(timer);
  return { code: child.exitCode, stderr: Buffer.concat(said).toString() };
};

/** What the kubeconfigs say now, where they say something else. */
const writtenOf = async (
  files: ReturnType<typeof filesOf>,
  directory: string,
): Promise<Readonly<Record<string, unknown>>> => {
  const written: Record<string, unknown> = {};
  for (const [path, { text }] of files) {
    const now = await readFile(join(directory, path), "utf8").catch(() => undefined);
    if (now !== undefined && now !== text) written[path] = meaningOf(parse(now));
  }
  return written;
};

/** A kubeconfig without what says nothing: kubectl writes out what was left out, and kauth does not. */
const meaningOf = (value: unknown): unknown => {
  const { apiVersion: _version, kind: _kind, preferences: _preferences, ...rest } = value as Fields;
  return withoutNothing(rest);
};

const withoutNothing = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== "")
      .map(([key, item]) => [key, withoutNothing(item)]),
  );
};
